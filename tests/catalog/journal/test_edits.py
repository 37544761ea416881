"""Edits are pure: the same state gives the same change, and no storage is near."""

from dataclasses import replace
from functools import partial

import pytest

from catalog.encodings.encoding import PartIds
from catalog.errors import AlreadyExists, CatalogError, Conflict, Invalid, NotFound
from catalog.journal import edits
from catalog.journal.commit_log import Decide
from catalog.journal.entries import (
    ImagesCollected,
    PartsActivated,
    ProductRemoved,
    ProductWritten,
)
from catalog.journal.state import CatalogState, replay
from catalog.records.product import Product
from tests.catalog.support.entries import IMAGE, MILK, PARTS, entry

AT = "2026-01-02T00:00:00+00:00"
OTHER_IMAGE = replace(IMAGE, image_id="b" * 64)
LIVE = replay(
    CatalogState("shop"), [entry(1, PartsActivated(PARTS)), entry(2, ProductWritten(MILK))]
)
REMOVED = replay(LIVE, [entry(3, ProductRemoved(MILK.revised(AT)))])


def written(decide: Decide, state: CatalogState) -> Product:
    change = decide(state)
    assert isinstance(change, ProductWritten)
    return change.product


def test_a_removed_product_that_is_added_goes_on_counting_its_revisions() -> None:
    tea = Product("tea", "Tea")
    assert written(edits.add(tea), LIVE) == tea
    again = written(edits.add(replace(MILK, revision=1)), REMOVED)
    assert again.revision == MILK.revision + 2
    with pytest.raises(AlreadyExists, match="in catalog shop already"):
        edits.add(MILK)(LIVE)


def test_an_update_that_changes_nothing_writes_nothing() -> None:
    assert edits.update(MILK.product_id, AT, None, lambda product: product)(LIVE) is None
    renamed = edits.update(MILK.product_id, AT, MILK.revision, partial(replace, name="Milk"))
    product = written(renamed, LIVE)
    assert (product.name, product.revision, product.updated_at) == ("Milk", MILK.revision + 1, AT)


def test_another_revision_is_a_conflict() -> None:
    for decide in (
        edits.update(MILK.product_id, AT, 99, lambda product: product),
        edits.remove(MILK.product_id, AT, 99),
    ):
        with pytest.raises(Conflict, match="expected 99"):
            decide(LIVE)


def test_images_are_added_once_replaced_and_removed() -> None:
    both = edits.add_images(MILK, (IMAGE, OTHER_IMAGE))
    assert both.images == (*MILK.images, OTHER_IMAGE)
    renamed = replace(IMAGE, source_name="other.jpg")
    assert edits.replace_images(MILK, (OTHER_IMAGE, renamed)).images == (OTHER_IMAGE, IMAGE)
    assert edits.remove_images(both, {OTHER_IMAGE.image_id}) == MILK
    with pytest.raises(Invalid, match="without a picture"):
        edits.remove_images(MILK, {IMAGE.image_id})
    with pytest.raises(NotFound, match="has no picture"):
        edits.remove_images(MILK, {OTHER_IMAGE.image_id})


def test_texts_that_are_left_out_stay_and_an_empty_name_is_the_id() -> None:
    change = partial(
        edits.change_texts, description=None, attributes=None, attribute_changes={"price": 2.0}
    )
    changed = change(MILK, name="")
    assert (changed.name, changed.description) == (MILK.product_id, MILK.description)
    assert dict(changed.attributes) == {**dict(MILK.attributes), "price": 2.0}


@pytest.mark.parametrize(
    ("state", "error"),
    [
        (LIVE, AlreadyExists),
        (replay(REMOVED, [entry(4, PartsActivated(PartIds("c", "e", "l")))]), Conflict),
        (replay(REMOVED, [entry(4, ImagesCollected((IMAGE.image_id,)))]), Conflict),
        (CatalogState("shop"), NotFound),
    ],
)
def test_a_product_is_restored_only_while_its_pictures_are_there(
    state: CatalogState, error: type[CatalogError]
) -> None:
    restore = edits.restore(MILK.product_id, AT, REMOVED)
    assert written(restore, REMOVED).revision == MILK.revision + 2
    with pytest.raises(error):
        restore(state)


def test_what_other_networks_encoded_does_not_fit() -> None:
    decide = edits.encoded_by(PARTS, edits.add(Product("tea", "Tea")))
    assert written(decide, LIVE).product_id == "tea"
    switched = replay(LIVE, [entry(3, PartsActivated(PartIds("c", "e", "l")))])
    with pytest.raises(Conflict, match="switched to other networks meanwhile"):
        decide(switched)
