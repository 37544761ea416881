"""Journal entries: the kinds of change, and their form as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from catalog.encodings.encoding import PartIds
from catalog.errors import Invalid, NewerFormat
from catalog.records.calibration import Calibration
from catalog.records.codec import Json, Malformed, from_record, to_record
from catalog.records.feedback import Feedback
from catalog.records.product import Product

FORMATS: Final = (1, 2, 3, 4)  # that can be read; see `_format_of`
# An entry is one object of at most a megabyte: `journal.MOST_BYTES`.
MOST_CHANGES: Final = 256


@dataclass(frozen=True, slots=True)
class PartsActivated:
    """From here on, the catalog's features are those with these ids; also makes the catalog."""

    part_ids: PartIds


@dataclass(frozen=True, slots=True)
class ProductWritten:
    """The product's full new record; a new, changed or restored product."""

    product: Product


@dataclass(frozen=True, slots=True)
class ProductRemoved:
    """The product is removed; its full last record, so that it can be restored."""

    product: Product


@dataclass(frozen=True, slots=True)
class CatalogDeleted:
    """The catalog is deleted; its objects are being removed."""


@dataclass(frozen=True, slots=True)
class CatalogCleared:
    """The deleted catalog's objects are removed; its name is free again."""


@dataclass(frozen=True, slots=True)
class PartsPrepared:
    """Features with these ids are being made beside the active ones; they are no orphans."""

    part_ids: PartIds


@dataclass(frozen=True, slots=True)
class ImagesCollected:
    """Objects of these pictures are being removed as orphans.

    A fence: whoever uploaded one of them before, and commits after, has seen this entry and
    uploads it again.
    """

    image_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FeedbackGiven:
    """Somebody said whether an answer was right."""

    feedback: Feedback


@dataclass(frozen=True, slots=True)
class CalibrationSet:
    """From here on, the catalog decides like this by the networks that it names."""

    calibration: Calibration


@dataclass(frozen=True, slots=True)
class CalibrationReset:
    """From here on, the catalog decides as shipped by these networks."""

    model_id: str


JournalChange = (
    PartsActivated
    | ProductWritten
    | ProductRemoved
    | CatalogDeleted
    | CatalogCleared
    | PartsPrepared
    | ImagesCollected
    | FeedbackGiven
    | CalibrationSet
    | CalibrationReset
)
# What the journal calls them; these names are on disk and never change.
_KINDS: Final[Mapping[str, type[JournalChange]]] = {
    "parts_activated": PartsActivated,
    "product_written": ProductWritten,
    "product_removed": ProductRemoved,
    "catalog_deleted": CatalogDeleted,
    "catalog_cleared": CatalogCleared,
    "parts_prepared": PartsPrepared,
    "images_collected": ImagesCollected,
    "feedback_given": FeedbackGiven,
    "calibration_set": CalibrationSet,
    "calibration_reset": CalibrationReset,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
# Kinds of change that came with later formats; entries without them stay in an earlier one.
_SECOND: Final = (PartsPrepared, ImagesCollected)
_THIRD: Final = (FeedbackGiven, CalibrationSet, CalibrationReset)


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit.

    Attributes:
        sequence: from 1, without gaps.
        write_id: chosen by the writer; distinguishes its own entry from another's.
        at: ISO 8601, UTC.
        changes: applied together.
    """

    sequence: int
    write_id: str
    at: str
    changes: tuple[JournalChange, ...]

    def __post_init__(self) -> None:
        """Check the bound.

        Raises:
            Invalid: no change, or too many for one entry.
        """
        if not self.changes:
            raise Invalid("an entry needs a change")
        if len(self.changes) > MOST_CHANGES:
            raise Invalid(
                f"{len(self.changes)} changes are too many for one step; "
                f"make at most {MOST_CHANGES} at a time"
            )


@dataclass(frozen=True, slots=True)
class _EntryRecord:
    sequence: int
    write_id: str
    at: str
    changes: tuple[Mapping[str, Any], ...]


def encode_entry(entry: Entry) -> Json:
    """Return an entry as JSON."""
    changes = [{"change": _NAMES[type(change)], **to_record(change)} for change in entry.changes]
    return {
        "format": max(_format_of(change) for change in entry.changes),
        "sequence": entry.sequence,
        "write_id": entry.write_id,
        "at": entry.at,
        "changes": changes,
    }


def decode_entry(record: Json) -> Entry:
    """Return the entry that `encode_entry` wrote.

    Raises:
        NewerFormat: a newer skulens wrote it.
        Malformed: the record does not fit.
    """
    if record.get("format") not in FORMATS:
        raise NewerFormat("was written by a newer skulens; update this one to change the catalog")
    entry = from_record(_EntryRecord, record)
    changes = tuple(_decode_change(change) for change in entry.changes)
    return Entry(entry.sequence, entry.write_id, entry.at, changes)


def _decode_change(record: Json) -> JournalChange:
    name = record.get("change")
    if not isinstance(name, str) or name not in _KINDS:
        raise Malformed(f"unknown change {name!r}")
    return from_record(_KINDS[name], record)


def _format_of(change: JournalChange) -> int:
    """Return the first format that has such a change; an earlier version must not pass it over."""
    if isinstance(change, ProductWritten | ProductRemoved):
        return 1 if all(image.is_plain for image in change.product.images) else 4
    if isinstance(change, _THIRD):
        return 3
    return 2 if isinstance(change, _SECOND) else 1
