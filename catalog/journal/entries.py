"""What a journal entry says: the kinds of change, and their form as JSON."""

from dataclasses import dataclass
from typing import Final

from catalog.encodings.encoding import PartIds
from catalog.errors import Invalid, NewerFormat
from catalog.records.calibration import Calibration, calibration_from, calibration_record
from catalog.records.codec import (
    Json,
    Malformed,
    mapping,
    number,
    part_ids_from,
    part_ids_record,
    product_from,
    product_record,
    sequence,
    text,
)
from catalog.records.feedback import Feedback, feedback_from, feedback_record
from catalog.records.product import Product

FORMATS: Final = (1, 2, 3)
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
    """The product is gone; its full last record, so that it can be restored."""

    product: Product


@dataclass(frozen=True, slots=True)
class CatalogDeleted:
    """The catalog is gone; its objects are being removed."""


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
    """By these networks the catalog decides as shipped again."""

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
# Kinds of change that came with later formats; entries without them stay in an earlier one.
_SECOND: Final = (PartsPrepared, ImagesCollected)
_THIRD: Final = (FeedbackGiven, CalibrationSet, CalibrationReset)


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit.

    Attributes:
        sequence: from 1, without gaps.
        write_id: chosen by the writer; tells its own entry from another's.
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


def encode_entry(entry: Entry) -> Json:
    """An entry as JSON."""
    return {
        "format": max(_format_of(change) for change in entry.changes),
        "sequence": entry.sequence,
        "write_id": entry.write_id,
        "at": entry.at,
        "changes": [_change_record(change) for change in entry.changes],
    }


def decode_entry(record: Json) -> Entry:
    """The entry of `encode_entry`.

    Raises:
        NewerFormat: a newer skulens wrote it.
        Malformed: it is none.
    """
    if record.get("format") not in FORMATS:
        raise NewerFormat("was written by a newer skulens; update this one to change the catalog")
    return Entry(
        sequence=number(record, "sequence"),
        write_id=text(record, "write_id"),
        at=text(record, "at"),
        changes=tuple(_change_from(mapping(change)) for change in sequence(record, "changes")),
    )


def _format_of(change: JournalChange) -> int:
    if isinstance(change, _THIRD):
        return 3
    return 2 if isinstance(change, _SECOND) else 1


def _change_record(change: JournalChange) -> Json:
    match change:
        case PartsActivated(part_ids):
            return {"change": "parts_activated", "part_ids": part_ids_record(part_ids)}
        case ProductWritten(product):
            return {"change": "product_written", "product": product_record(product)}
        case ProductRemoved(product):
            return {"change": "product_removed", "product": product_record(product)}
        case CatalogDeleted():
            return {"change": "catalog_deleted"}
        case CatalogCleared():
            return {"change": "catalog_cleared"}
        case PartsPrepared(part_ids):
            return {"change": "parts_prepared", "part_ids": part_ids_record(part_ids)}
        case ImagesCollected(image_ids):
            return {"change": "images_collected", "image_ids": list(image_ids)}
        case FeedbackGiven(feedback):
            return {"change": "feedback_given", "feedback": feedback_record(feedback)}
        case CalibrationSet(calibration):
            return {"change": "calibration_set", "calibration": calibration_record(calibration)}
        case CalibrationReset(model_id):
            return {"change": "calibration_reset", "model_id": model_id}


def _change_from(record: Json) -> JournalChange:
    match record.get("change"):
        case "parts_activated":
            return PartsActivated(part_ids_from(mapping(record.get("part_ids"))))
        case "product_written":
            return ProductWritten(product_from(mapping(record.get("product"))))
        case "product_removed":
            return ProductRemoved(product_from(mapping(record.get("product"))))
        case "catalog_deleted":
            return CatalogDeleted()
        case "catalog_cleared":
            return CatalogCleared()
        case "parts_prepared":
            return PartsPrepared(part_ids_from(mapping(record.get("part_ids"))))
        case "images_collected":
            return ImagesCollected(tuple(str(one) for one in sequence(record, "image_ids")))
        case "feedback_given":
            return FeedbackGiven(feedback_from(mapping(record.get("feedback"))))
        case "calibration_set":
            return CalibrationSet(calibration_from(mapping(record.get("calibration"))))
        case "calibration_reset":
            return CalibrationReset(text(record, "model_id"))
        case other:
            raise Malformed(f"unknown change {other!r}")
