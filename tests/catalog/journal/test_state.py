from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from catalog.journal.entries import (
    CatalogCleared,
    CatalogDeleted,
    JournalChange,
    PartsActivated,
    ProductRemoved,
    ProductWritten,
)
from catalog.journal.state import CatalogState, Lifecycle, replay
from tests.catalog.support.entries import MILK, PARTS, entry

products = st.builds(replace, st.just(MILK), product_id=st.sampled_from("abc"))
changes = st.one_of(
    st.builds(ProductWritten, products),
    st.builds(ProductRemoved, products),
    st.just(PartsActivated(PARTS)),
    st.just(CatalogDeleted()),
    st.just(CatalogCleared()),
)


@given(st.lists(changes, max_size=12), st.integers(0, 12))
def test_replaying_in_two_parts_is_replaying_at_once(
    history: list[JournalChange], cut: int
) -> None:
    entries = [entry(n, change) for n, change in enumerate(history, start=1)]
    at_once = replay(CatalogState("shop"), entries)
    assert replay(replay(CatalogState("shop"), entries[:cut]), entries[cut:]) == at_once
    assert at_once.sequence == len(history)
    assert not set(at_once.products) & set(at_once.removed)


def test_replaying_leaves_the_old_state_as_it_was() -> None:
    before = replay(
        CatalogState("shop"), [entry(1, PartsActivated(PARTS)), entry(2, ProductWritten(MILK))]
    )
    after = replay(before, [entry(3, ProductRemoved(MILK))])
    assert list(before.products) == ["oat-milk"]
    assert list(after.products) == []
    assert after.removed["oat-milk"] == MILK
    assert before.life is Lifecycle.LIVE
