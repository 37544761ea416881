"""Looks for background: which pictures, how many in one run, and what is remembered of them."""

from collections.abc import Sequence

import numpy as np
import pytest
from typing_extensions import override

from catalog.encodings.encoding import EnrolledPicture, OtherProduct, SharedBackground
from catalog.errors import StorageUnavailable
from catalog.reconcile.backgrounds import BackgroundCheck
from catalog.reconcile.last_run import LastRun, load_last_run, save_last_run
from catalog.reconcile.reconciler import Reconciler
from catalog.records.codec import loads
from catalog.records.shared_cells import GRID, pack_cells
from catalog.store import CatalogStore
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, new_store, picture, same_store
from tests.catalog.support.keypoints import VotingEncoder

TOP = np.zeros((GRID, GRID), np.bool_)
TOP[:4] = True


class ShelfEncoder(VotingEncoder):
    """Takes the upper cells for background as soon as two other products are there."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    @override
    def find_background(
        self,
        picture: EnrolledPicture,
        relatives: Sequence[EnrolledPicture],
        others: Sequence[OtherProduct],
    ) -> SharedBackground:
        self.looks += 1
        shown_by = tuple(range(len(others)))
        return SharedBackground(TOP if len(others) > 1 else np.zeros_like(TOP), shown_by)


def add(store: CatalogStore, *names: str) -> None:
    for name in names:
        store.add_product(name, [picture(len(store.state().products) + 1)])


def marked(store: CatalogStore) -> list[str]:
    products = store.state().products.values()
    return [product.product_id for product in products if product.images[0].background]


@pytest.fixture
def encoder() -> ShelfEncoder:
    return ShelfEncoder()


@pytest.fixture
def store(memory: MemoryStorage, encoder: ShelfEncoder) -> CatalogStore:
    return new_store(memory, encoder)


def test_one_product_alone_is_not_looked_at(store: CatalogStore, encoder: ShelfEncoder) -> None:
    add(store, "tea", "oat")
    assert BackgroundCheck(store).run({}, dry_run=False)[0] == []
    assert encoder.looks == 0


def test_who_came_before_is_looked_at_again_once(
    memory: MemoryStorage, store: CatalogStore, encoder: ShelfEncoder
) -> None:
    add(store, "tea", "oat", "soap")
    assert marked(store) == ["soap"]
    reconciler = Reconciler(store, memory)
    assert len(reconciler.mark_backgrounds()) == 1
    assert marked(store) == ["tea", "oat", "soap"]
    looks = encoder.looks
    assert reconciler.mark_backgrounds() == []
    assert reconciler.reconcile().findings == ()
    assert encoder.looks == looks
    add(store, "milk")
    assert encoder.looks == looks + 1
    reconciler.mark_backgrounds()
    assert encoder.looks == looks + 5  # itself, and the three that show parts of it


def test_a_run_is_bounded_and_the_next_goes_on(store: CatalogStore) -> None:
    add(store, "tea", "oat", "soap", "milk")
    check = BackgroundCheck(store, most_looks=1)
    looked: dict[str, tuple[str, ...]] = {}
    sizes = []
    for _ in range(3):
        looked = dict(check.run(looked, dry_run=False)[1])
        sizes.append(len(looked))
    assert sizes == sorted(sizes)
    assert sizes[0] <= 2
    assert sizes[-1] >= 3


def test_a_dry_run_changes_nothing(memory: MemoryStorage, store: CatalogStore) -> None:
    add(store, "tea", "oat", "soap")
    version = store.state().sequence
    report = Reconciler(store, memory).reconcile(dry_run=True)
    assert [finding.subject for finding in report.findings] == ["shop"]
    assert store.state().sequence == version
    assert load_last_run(memory, "shop").looked == {}


def test_where_keypoints_cannot_vote_nothing_is_looked_for(memory: MemoryStorage) -> None:
    store = new_store(memory, FakeEncoder())
    add(store, "tea", "oat", "soap")
    assert BackgroundCheck(store).run({"a": ("b",)}, dry_run=False) == ([], {"a": ("b",)})
    strange = same_store(memory, FakeEncoder("9"))
    assert BackgroundCheck(strange).run({}, dry_run=False) == ([], {})


def test_a_picture_whose_features_are_missing_is_passed_over(
    memory: MemoryStorage, store: CatalogStore
) -> None:
    add(store, "tea", "oat", "soap")
    lost = store.product("tea").images[0].encoding_id
    for key in [key for key in memory.objects if lost in key and "/features/" in key]:
        del memory.objects[key]
    again = same_store(memory, ShelfEncoder())
    found, looked = BackgroundCheck(again).run({}, dry_run=False)
    assert (found, dict(looked)) == ([], {})
    report = Reconciler(again, memory).reconcile()
    assert [finding.subject for finding in report.findings] == ["tea", "shop"]


def test_a_storage_that_refuses_is_reported(memory: MemoryStorage, store: CatalogStore) -> None:
    add(store, "tea", "oat", "soap")
    memory.refuses_after = 0
    with pytest.raises(StorageUnavailable):
        BackgroundCheck(store).run({}, dry_run=False)


def test_what_was_looked_at_is_remembered(memory: MemoryStorage) -> None:
    run = LastRun(looked={"ab.12": ("tea", "oat"), "cd": ()})
    save_last_run(memory, "shop", run)
    assert load_last_run(memory, "shop") == run


def test_background_is_part_of_the_record_and_a_choice_ends_it(
    memory: MemoryStorage, store: CatalogStore
) -> None:
    add(store, "tea", "oat", "soap")
    image = store.product("soap").images[0]
    assert image.background == pack_cells(TOP)
    assert image.kept_id != image.encoding_id
    assert same_store(memory, ShelfEncoder()).product("soap").images[0] == image
    records = [loads(memory.objects[key], key) for key in memory.list("shop/journal/")]
    assert [record["format"] for record in records] == [1, 1, 1, 4]
    store.commit_log.checkpoint()
    other = same_store(memory, VotingEncoder("2"))
    other.migration.switch()
    assert other.product("soap").images[0] == image


def test_an_import_leaves_looking_to_reconcile(
    memory: MemoryStorage, store: CatalogStore, encoder: ShelfEncoder
) -> None:
    add(store, "tea", "oat")
    store.add_product("soap", [picture(9)], before_commit=lambda: None)
    store.add_images("soap", [picture(10)], before_commit=lambda: None)
    assert encoder.looks == 0
    Reconciler(store, memory).mark_backgrounds()
    assert all(image.background for image in store.product("soap").images)
