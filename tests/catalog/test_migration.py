import pytest

from catalog.errors import Conflict, Invalid, NotFound
from catalog.journal.entries import PartsActivated
from catalog.journal.journal import Journal
from catalog.migration import model_id_of
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    embedding_of,
    new_store,
    picture,
    pixels,
    same_store,
)


def filled(memory: MemoryStorage) -> None:
    store = new_store(memory)
    for number in range(3):
        store.add_product(f"p{number}", [picture(number)])


def answers(memory: MemoryStorage, version: str) -> bool:
    try:
        snapshot = same_store(memory, FakeEncoder(version)).snapshot()
        return snapshot.shortlist(embedding_of(pixels(1)), 1)[0].product_id == "p1"
    except Conflict:
        return False


def test_preparing_encodes_beside_and_the_old_networks_go_on_answering(
    memory: MemoryStorage,
) -> None:
    filled(memory)
    change = same_store(memory, FakeEncoder("2")).migration
    progress: list[tuple[int, int]] = []
    change.prepare(lambda done, total: progress.append((done, total)))
    assert progress == [(1, 3), (2, 3), (3, 3)]
    models = change.models()
    assert models.pictures == models.active.encoded == models.present.encoded == 3
    assert models.prepared == models.present
    assert answers(memory, "1")
    assert not answers(memory, "2")


def test_the_switch_is_one_entry_and_so_is_going_back(memory: MemoryStorage) -> None:
    filled(memory)
    change = same_store(memory, FakeEncoder("2")).migration
    change.prepare()
    before = same_store(memory).state().sequence
    assert change.switch() == before + 1
    assert answers(memory, "2")
    assert not answers(memory, "1")
    assert change.roll_back() == before + 2
    assert answers(memory, "1")
    assert change.switch_to(model_id_of(FakeEncoder("2").part_ids)) == before + 3
    assert change.switch_to(model_id_of(FakeEncoder("1").part_ids)) == before + 4
    entries = list(Journal(memory, "shop").after(before))
    assert [[type(change) for change in entry.changes] for entry in entries] == [
        [PartsActivated]
    ] * 4


def test_pictures_encoded_before_a_stop_are_not_encoded_again(memory: MemoryStorage) -> None:
    filled(memory)
    first, second = FakeEncoder("2"), FakeEncoder("2")

    def stop(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        same_store(memory, first).migration.switch(stop)
    assert answers(memory, "1")
    same_store(memory, second).migration.switch()
    assert len(first.siblings) + len(second.siblings) == 3
    assert answers(memory, "2")


def test_products_that_came_while_encoding_are_encoded_before_the_switch(
    memory: MemoryStorage,
) -> None:
    filled(memory)
    old = same_store(memory)

    def meanwhile(done: int, total: int) -> None:
        if done == total == 3:
            old.add_product("late", [picture(9)])

    same_store(memory, FakeEncoder("2")).migration.switch(meanwhile)
    found = same_store(memory, FakeEncoder("2")).snapshot().shortlist(embedding_of(pixels(9)), 1)
    assert found[0].product_id == "late"


def test_going_back_is_refused_while_pictures_lack_the_old_features(
    memory: MemoryStorage,
) -> None:
    filled(memory)
    store = same_store(memory, FakeEncoder("2"))
    store.migration.switch()
    store.add_product("new", [picture(9)])
    with pytest.raises(Conflict, match=r"1 pictures .* have no features"):
        store.migration.roll_back()
    same_store(memory, FakeEncoder("1")).migration.prepare()
    store.migration.roll_back()
    assert answers(memory, "1")


def test_there_is_nothing_to_go_back_to_at_first(memory: MemoryStorage) -> None:
    filled(memory)
    change = same_store(memory).migration
    with pytest.raises(NotFound):
        change.roll_back()
    with pytest.raises(Invalid, match="knows no networks"):
        change.switch_to("something")
    assert change.models().previous is None


def test_what_is_prepared_or_was_active_is_known_after_a_snapshot_object(
    memory: MemoryStorage,
) -> None:
    filled(memory)
    same_store(memory, FakeEncoder("2")).migration.switch()
    same_store(memory, FakeEncoder("3")).migration.prepare()
    store = same_store(memory, FakeEncoder("2"))
    for number in range(10, 80):
        store.add_product(f"p{number}", [picture(number)])
    assert memory.list("shop/snapshots/")
    state = same_store(memory).state()
    assert state.previous == FakeEncoder("1").part_ids
    assert state.prepared == FakeEncoder("3").part_ids
