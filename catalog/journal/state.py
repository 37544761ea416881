"""What a catalog's journal says, as a value."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from catalog.encodings.encoding import PartIds
from catalog.journal.entries import (
    CalibrationReset,
    CalibrationSet,
    CatalogCleared,
    CatalogDeleted,
    Entry,
    FeedbackGiven,
    ImagesCollected,
    JournalChange,
    PartsActivated,
    PartsPrepared,
    ProductRemoved,
    ProductWritten,
)
from catalog.records import calibration, feedback
from catalog.records.calibration import Calibration
from catalog.records.feedback import Feedback
from catalog.records.product import Product

# Collections that are remembered picture by picture; of older ones only that there were some.
_MOST_COLLECTED: Final = 4096
NO_PARTS: Final = PartIds("", "", "")


class Lifecycle(StrEnum):
    """Where a catalog stands between its making and its end."""

    ABSENT = "absent"
    LIVE = "live"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class CollectedImages:
    """Which pictures' objects were removed as orphans, and when.

    Attributes:
        last: number of the last entry that did, by picture; read-only, of the newest pictures.
        forgotten: number of the last entry that is no longer in `last`.
    """

    last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    forgotten: int = 0

    def since(self, sequence: int, image_ids: Iterable[str]) -> bool:
        """Whether one of the pictures may have been collected after an entry."""
        return self.forgotten > sequence or any(
            self.last.get(image_id, 0) > sequence for image_id in image_ids
        )

    def and_also(self, image_ids: Iterable[str], sequence: int) -> "CollectedImages":
        """With the pictures of a further entry."""
        last = {**self.last}
        for image_id in image_ids:
            last.pop(image_id, None)
            last[image_id] = sequence
        forgotten = self.forgotten
        while len(last) > _MOST_COLLECTED:
            forgotten = last.pop(next(iter(last)))
        return CollectedImages(MappingProxyType(last), forgotten)


@dataclass(frozen=True, slots=True)
class CatalogState:
    """A catalog after some entry of its journal.

    Attributes:
        sequence: that entry's number; 0 before the first.
        life: whether there is a catalog.
        part_ids: of its features; empty texts when there is no catalog.
        previous: ids that were active before; empty texts when there were none.
        prepared: ids whose features are being made; empty texts when there are none.
        products: live ones by id, in the order they were added; read-only.
        removed: last records of removed products by id; read-only.
        collected: pictures whose objects were removed as orphans.
        feedback: what was said of answers, the newest last and only the newest.
        calibrations: how it decides, by the id of the networks; the newest last; read-only.
    """

    sequence: int
    life: Lifecycle
    part_ids: PartIds
    products: Mapping[str, Product]
    removed: Mapping[str, Product]
    previous: PartIds = NO_PARTS
    prepared: PartIds = NO_PARTS
    collected: CollectedImages = field(default_factory=CollectedImages)
    feedback: tuple[Feedback, ...] = ()
    calibrations: Mapping[str, Calibration] = field(default_factory=lambda: MappingProxyType({}))


EMPTY_STATE: Final = CatalogState(
    0, Lifecycle.ABSENT, NO_PARTS, MappingProxyType({}), MappingProxyType({})
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
        self._before = state
        self._has_other_products = False
        self._life = state.life
        self._part_ids = state.part_ids
        self._previous = state.previous
        self._prepared = state.prepared
        self._collected = state.collected
        self._feedback = deque(state.feedback, feedback.MOST_FEEDBACK)
        self._calibrations = dict(state.calibrations)
        self._products = dict(state.products)
        self._removed = dict(state.removed)

    def apply(self, change: JournalChange) -> None:
        match change:
            case PartsActivated(part_ids):
                self._life = Lifecycle.LIVE
                self._activate(part_ids)
            case ProductWritten(product):
                self._has_other_products = True
                self._products[product.product_id] = product
                self._removed.pop(product.product_id, None)
            case ProductRemoved(product):
                self._has_other_products = True
                self._products.pop(product.product_id, None)
                self._removed[product.product_id] = product
            case PartsPrepared(part_ids):
                self._prepared = part_ids
            case ImagesCollected(image_ids):
                self._collected = self._collected.and_also(image_ids, self.sequence)
            case FeedbackGiven(said):
                self._feedback.append(said)
            case CalibrationSet(set_to):
                self._calibrate(set_to)
            case CalibrationReset(model_id):
                self._calibrations.pop(model_id, None)
            case CatalogDeleted():
                self._empty(Lifecycle.DELETING)
            case CatalogCleared():
                self._empty(Lifecycle.ABSENT)

    def finished(self) -> CatalogState:
        # What knows an index by its products keeps it while only other things change.
        products = MappingProxyType(self._products)
        return CatalogState(
            self.sequence,
            self._life,
            self._part_ids,
            products if self._has_other_products else self._before.products,
            MappingProxyType(self._removed),
            self._previous,
            self._prepared,
            self._collected,
            tuple(self._feedback),
            MappingProxyType(self._calibrations),
        )

    def _calibrate(self, set_to: Calibration) -> None:
        self._calibrations.pop(set_to.model_id, None)
        self._calibrations[set_to.model_id] = set_to
        while len(self._calibrations) > calibration.MOST_CALIBRATIONS:
            self._calibrations.pop(next(iter(self._calibrations)))

    def _activate(self, part_ids: PartIds) -> None:
        if part_ids != self._part_ids:
            self._previous = self._part_ids
        if part_ids == self._prepared:
            self._prepared = NO_PARTS
        self._part_ids = part_ids

    def _empty(self, life: Lifecycle) -> None:
        self._life = life
        self._has_other_products = True
        self._part_ids = self._previous = self._prepared = NO_PARTS
        self._products.clear()
        self._removed.clear()
        self._feedback.clear()
        self._calibrations.clear()
