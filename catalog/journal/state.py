"""A catalog as its journal describes it: a value, its replay, and the preconditions of changes."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from catalog.encodings.encoding import NO_PARTS, PartIds
from catalog.errors import AlreadyExists, Conflict, NotFound
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
from catalog.records.calibration import MOST_CALIBRATIONS, Calibration
from catalog.records.feedback import MOST_FEEDBACK, Feedback
from catalog.records.product import Product
from catalog.records.validation import check_id

# Collections that are remembered picture by picture; of older ones only that there were some.
_MOST_COLLECTED: Final = 4096


class Lifecycle(StrEnum):
    """Stages of a catalog between its creation and its end."""

    ABSENT = "absent"
    LIVE = "live"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True)
class CollectedImages:
    """Pictures whose objects were removed as orphans, and when.

    Attributes:
        last: number of the last entry that did, by picture; read-only, of the newest pictures.
        forgotten: number of the last entry that is no longer in `last`.
    """

    last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    forgotten: int = 0

    def since(self, sequence: int, image_ids: Iterable[str]) -> bool:
        """Return whether one of the pictures may have been collected after an entry."""
        return self.forgotten > sequence or any(
            self.last.get(image_id, 0) > sequence for image_id in image_ids
        )

    def and_also(self, image_ids: Iterable[str], sequence: int) -> "CollectedImages":
        """Return the collections with the pictures of a further entry."""
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

    The methods are preconditions of changes: each returns what it checked, or refuses.

    Attributes:
        name: of the catalog.
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

    name: str
    sequence: int = 0
    life: Lifecycle = Lifecycle.ABSENT
    part_ids: PartIds = NO_PARTS
    products: Mapping[str, Product] = field(default_factory=lambda: MappingProxyType({}))
    removed: Mapping[str, Product] = field(default_factory=lambda: MappingProxyType({}))
    previous: PartIds = NO_PARTS
    prepared: PartIds = NO_PARTS
    collected: CollectedImages = field(default_factory=CollectedImages)
    feedback: tuple[Feedback, ...] = ()
    calibrations: Mapping[str, Calibration] = field(default_factory=lambda: MappingProxyType({}))

    def live(self) -> "CatalogState":
        """Return the state itself.

        Raises:
            NotFound: there is no such catalog.
        """
        if self.life is not Lifecycle.LIVE:
            raise NotFound(f"there is no catalog {self.name}")
        return self

    def encoded_by(self, part_ids: PartIds) -> "CatalogState":
        """Return the state itself, if pictures that were encoded with these ids fit it.

        Raises:
            Conflict: the catalog was switched to other networks since.
            NotFound: there is no such catalog.
        """
        if self.live().part_ids != part_ids:
            raise Conflict("the catalog was switched to other networks meanwhile; try again")
        return self

    def product(self, product_id: str) -> Product:
        """Return a live product.

        Raises:
            NotFound: there is none of that id, or no such catalog.
            Invalid: the id breaks the pattern of ids.
        """
        product = self.live().products.get(product_id)
        if product is None:
            check_id(product_id, "product")
            raise self._missing(product_id)
        return product

    def expect(self, product_id: str, revision: int | None) -> Product:
        """Return a live product that has the revision which the caller knows; None for any.

        Raises:
            NotFound: there is none of that id.
            Conflict: it has another revision.
        """
        product = self.product(product_id)
        if revision is not None and product.revision != revision:
            raise Conflict(
                f"product {product_id} was changed meanwhile (revision {product.revision}, "
                f"expected {revision}); look at it and try again"
            )
        return product

    def absent(self, product_id: str) -> Product | None:
        """Return the last record of a product that is not there; None if it never was.

        Raises:
            AlreadyExists: it is there.
        """
        if product_id in self.live().products:
            raise AlreadyExists(f"product {product_id} is in catalog {self.name} already")
        return self.removed.get(product_id)

    def restorable(self, product_id: str) -> Product:
        """Return the last record of a removed product.

        Raises:
            AlreadyExists: it was not removed.
            NotFound: there never was one.
        """
        product = self.absent(product_id)
        if product is None:
            raise self._missing(product_id)
        return product

    def _missing(self, product_id: str) -> NotFound:
        return NotFound(f"there is no product {product_id} in catalog {self.name}")


def replay(state: CatalogState, entries: Iterable[Entry]) -> CatalogState:
    """Return the state after further entries, which follow it without a gap."""
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
        self._feedback = deque(state.feedback, MOST_FEEDBACK)
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
            case FeedbackGiven(feedback):
                self._feedback.append(feedback)
            case CalibrationSet(calibration):
                self._calibrate(calibration)
            case CalibrationReset(model_id):
                self._calibrations.pop(model_id, None)
            case CatalogDeleted():
                self._empty(Lifecycle.DELETING)
            case CatalogCleared():
                self._empty(Lifecycle.ABSENT)

    def finished(self) -> CatalogState:
        # The same mapping while only other things change: an index is known by its products.
        products = MappingProxyType(self._products)
        return CatalogState(
            self._before.name,
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

    def _calibrate(self, calibration: Calibration) -> None:
        self._calibrations.pop(calibration.model_id, None)
        self._calibrations[calibration.model_id] = calibration
        while len(self._calibrations) > MOST_CALIBRATIONS:
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
