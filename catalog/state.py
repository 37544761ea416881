"""What a catalog's journal says, as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from catalog.encoding import PartIds
from catalog.journal import (
    CatalogCleared,
    CatalogDeleted,
    Entry,
    JournalChange,
    PartsActivated,
    ProductRemoved,
    ProductWritten,
)
from catalog.product import Product


class Life(StrEnum):
    """Where a catalog stands between its making and its end."""

    ABSENT = "absent"
    LIVE = "live"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class CatalogState:
    """A catalog after some entry of its journal.

    Attributes:
        sequence: that entry's number; 0 before the first.
        life: whether there is a catalog.
        part_ids: of its features; empty texts when there is no catalog.
        products: live ones by id, in the order they were added; read-only.
        removed: last records of removed products by id; read-only.
    """

    sequence: int
    life: Life
    part_ids: PartIds
    products: Mapping[str, Product]
    removed: Mapping[str, Product]


NOTHING: Final = CatalogState(
    0, Life.ABSENT, PartIds("", "", ""), MappingProxyType({}), MappingProxyType({})
)


def replay(state: CatalogState, entries: Iterable[Entry]) -> CatalogState:
    """The state after further entries, which follow it without a gap."""
    draft: _Draft | None = None
    for entry in entries:
        draft = draft or _Draft(state)
        draft.sequence = entry.sequence
        for change in entry.changes:
            draft.apply(change)
    return draft.finished() if draft else state


class _Draft:
    """A state being replayed; copies the products once for many entries."""

    def __init__(self, state: CatalogState) -> None:
        self.sequence = state.sequence
        self._life = state.life
        self._part_ids = state.part_ids
        self._products = dict(state.products)
        self._removed = dict(state.removed)

    def apply(self, change: JournalChange) -> None:
        match change:
            case PartsActivated(part_ids):
                self._life = Life.LIVE
                self._part_ids = part_ids
            case ProductWritten(product):
                self._products[product.product_id] = product
                self._removed.pop(product.product_id, None)
            case ProductRemoved(product):
                self._products.pop(product.product_id, None)
                self._removed[product.product_id] = product
            case CatalogDeleted():
                self._empty(Life.DELETING)
            case CatalogCleared():
                self._empty(Life.ABSENT)

    def finished(self) -> CatalogState:
        return CatalogState(
            self.sequence,
            self._life,
            self._part_ids,
            MappingProxyType(self._products),
            MappingProxyType(self._removed),
        )

    def _empty(self, life: Life) -> None:
        self._life = life
        self._part_ids = NOTHING.part_ids
        self._products.clear()
        self._removed.clear()
