"""A person's choice of what is kept of a picture, from the change to the storage."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.errors import Conflict, Invalid, NotFound
from catalog.journal.entries import decode_entry
from catalog.journal.journal import Journal
from catalog.records.codec import loads
from catalog.records.kept import KeptBy, KeptChoice, ReferenceKind
from catalog.registry import Catalogs
from catalog.transfer.exporter import export_catalog
from catalog.transfer.importer import import_path
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    embedding_of,
    image_id,
    new_store,
    picture,
    pixels,
    same_store,
)

OUTLINE = KeptChoice(((4.0, 4.0), (30.0, 4.0), (30.0, 24.0), (4.0, 24.0)))
TEA = picture(1, "tea.png")
BEYOND = KeptChoice(((0.0, 0.0), (99.0, 0.0), (9.0, 9.0), (0.0, 9.0)))


def test_a_picture_is_added_with_its_outline(memory: MemoryStorage) -> None:
    store = new_store(memory)
    change = store.add_product("tea", [replace(TEA, choice=OUTLINE), picture(2)])
    assert [kept.cut.by for kept in change.kept if kept.cut] == [KeptBy.PERSON, KeptBy.NOTHING]
    assert change.kept[0].outline == OUTLINE.outline
    assert change.product.images[0].choice == OUTLINE
    again = same_store(memory).snapshot()
    encoding = again.encoding(again.products["tea"].images[0].encoding_id)
    assert encoding.crop.kept is not None
    assert encoding.crop.kept.kind is ReferenceKind.PHOTO


def test_the_choice_of_an_enrolled_picture_is_encoded_at_once_and_journaled(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [TEA, picture(2)])
    before = store.snapshot()
    assert before.shortlist(embedding_of(pixels(1)), 1)[0].image_id == image_id(TEA)
    change = store.choose_kept("tea", image_id(TEA), OUTLINE)
    assert change.product.revision == 2
    assert store.kept("tea")[0].outline == OUTLINE.outline
    found = store.snapshot().shortlist(embedding_of(pixels(1)), 1)[0]
    assert (found.product_id, found.image_id) == ("tea", image_id(TEA))
    assert same_store(memory).product("tea").images[0].choice == OUTLINE
    assert same_store(memory).snapshot().shortlist(embedding_of(pixels(1)), 1)
    whole = store.choose_kept("tea", image_id(TEA), KeptChoice())
    assert whole.product.images[0].choice == KeptChoice()
    automatic = store.choose_kept("tea", image_id(TEA), None)
    assert automatic.product.images[0].choice is None
    assert store.kept("tea")[0].cut != whole.kept[0].cut


def test_the_same_choice_again_changes_nothing(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [replace(TEA, choice=OUTLINE)])
    version = store.state().sequence
    assert store.choose_kept("tea", image_id(TEA), OUTLINE).index_version == version


def test_refusals_change_nothing(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [TEA])
    with pytest.raises(NotFound, match="no picture abc"):
        store.choose_kept("tea", "abc", OUTLINE)
    with pytest.raises(Invalid, match=r"lies outside tea\.png"):
        store.choose_kept("tea", image_id(TEA), BEYOND)
    with pytest.raises(Invalid, match=r"lies outside tea\.png"):
        store.add_images("tea", [replace(picture(3, "tea.png"), choice=BEYOND)])
    with pytest.raises(Conflict):
        store.choose_kept("tea", image_id(TEA), OUTLINE, if_revision=9)
    assert store.product("tea").revision == 1


def test_an_older_version_does_not_pass_a_choice_over(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [TEA])
    store.choose_kept("tea", image_id(TEA), OUTLINE)
    keys = memory.list("shop/journal/")
    records = [loads(memory.objects[key], key) for key in keys]
    assert [record["format"] for record in records] == [1, 1, 4]
    assert [decode_entry(record).sequence for record in records] == [1, 2, 3]
    assert Journal(memory, "shop").last() is not None


def test_other_networks_keep_what_was_chosen(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("tea", [TEA])
    store.choose_kept("tea", image_id(TEA), OUTLINE)
    other = same_store(memory, FakeEncoder("2"))
    other.migration.switch()
    assert other.kept("tea")[0].outline == OUTLINE.outline
    models = other.migration.models()
    assert (models.active.encoded, models.pictures) == (1, 1)


def test_reconciling_keeps_it_makes_it_again_and_collects_what_was_kept_before(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [TEA])
    store.choose_kept("tea", image_id(TEA), OUTLINE)
    chosen = store.product("tea").images[0].encoding_id
    for key in memory.list("shop/features/"):
        if chosen in key:
            del memory.objects[key]
    reconciler = Catalogs(memory, FakeEncoder()).reconciler("shop", grace_seconds=0)
    for _ in range(2):
        reconciler.reconcile()
    left = {key.rpartition("/")[2] for key in memory.list("shop/features/")}
    assert left == {f"{chosen}.safetensors"}
    assert same_store(memory).kept("tea")[0].outline == OUTLINE.outline


def test_pictures_given_again_keep_their_choice_unless_they_bring_one(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [replace(TEA, choice=OUTLINE)])
    store.replace_images("tea", [TEA, picture(2)])
    assert store.product("tea").images[0].choice == OUTLINE
    store.replace_images("tea", [replace(TEA, choice=KeptChoice())])
    assert store.product("tea").images[0].choice == KeptChoice()
    assert store.kept("tea")[0].cut is not None


def test_a_checkpoint_has_the_choice(memory: MemoryStorage) -> None:
    store = new_store(memory)
    for number in range(70):
        store.add_product(f"p{number}", [replace(picture(number), choice=KeptChoice())])
    store.close()
    assert memory.list("shop/snapshots/")
    for key in memory.list("shop/journal/")[:60]:
        memory.objects[key] = b"a start from the snapshot never reads this"
    assert same_store(memory).product("p3").images[0].choice == KeptChoice()


def test_an_export_takes_choices_along(memory: MemoryStorage, tmp_path: Path) -> None:
    store = new_store(memory)
    store.add_product("tea", [replace(TEA, choice=OUTLINE), picture(2, "two.png")])
    store.add_product("oat", [replace(picture(3, "oat.png"), choice=KeptChoice())])
    export_catalog(store.snapshot(), tmp_path / "out")
    again = Catalogs(MemoryStorage(), FakeEncoder()).create("again")
    report = import_path(again, tmp_path / "out")
    assert [row.problems for row in report.rows] == [(), ()]
    choices = [image.choice for image in again.product("tea").images]
    assert choices == [OUTLINE, None]
    assert again.product("oat").images[0].choice == KeptChoice()


def test_a_table_names_what_to_keep_and_a_wrong_corner_refuses_its_row(tmp_path: Path) -> None:
    (tmp_path / "tea.png").write_bytes(TEA.data)
    (tmp_path / "products.csv").write_text(
        "product_id,images,keep\ntea,tea.png,whole\noat,tea.png,all\nrye,tea.png,\n"
    )
    store = Catalogs(MemoryStorage(), FakeEncoder()).create("shop")
    rows = import_path(store, tmp_path / "products.csv").rows
    assert [str(row.status) for row in rows] == ["added", "refused", "added"]
    assert "what to keep must be" in rows[1].problems[0]
    assert store.product("tea").images[0].choice == KeptChoice()
    assert store.product("rye").images[0].choice is None


def test_each_product_keeps_its_own_part_of_a_picture_that_several_have(
    memory: MemoryStorage,
) -> None:
    store = new_store(memory)
    store.add_product("tea", [TEA])
    store.add_product("oat", [picture(2), TEA])
    store.choose_kept("oat", image_id(TEA), OUTLINE)
    assert store.kept("tea")[0].outline != OUTLINE.outline
    assert store.kept("oat")[1].outline == OUTLINE.outline
    store.choose_kept("oat", image_id(TEA), None)
    encodings = {store.product(name).images[-1].encoding_id for name in ("tea", "oat")}
    assert len(encodings) == 2
    other = same_store(memory)
    assert other.product("oat") == store.product("oat")
    assert other.snapshot().shortlist(embedding_of(pixels(1)), 2)[0].similarity > 0.99
