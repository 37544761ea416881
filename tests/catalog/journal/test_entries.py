"""Journal entries as JSON: the kinds of change, their formats, and what is refused."""

import pytest

from catalog.errors import Invalid, NewerFormat
from catalog.journal.entries import (
    FORMATS,
    MOST_CHANGES,
    CalibrationReset,
    CalibrationSet,
    CatalogCleared,
    CatalogDeleted,
    FeedbackGiven,
    ImagesCollected,
    JournalChange,
    PartsActivated,
    PartsPrepared,
    ProductRemoved,
    ProductWritten,
    decode_entry,
    encode_entry,
)
from catalog.records.calibration import Calibration
from catalog.records.codec import Malformed, dumps, loads
from catalog.records.feedback import Feedback, FeedbackVerdict
from tests.catalog.support.entries import MILK, PARTS, entry

AT = "2024-01-01T00:00:00Z"
KINDS: list[tuple[JournalChange, str, int]] = [
    (PartsActivated(PARTS), "parts_activated", 1),
    (ProductWritten(MILK), "product_written", 1),
    (ProductRemoved(MILK), "product_removed", 1),
    (CatalogDeleted(), "catalog_deleted", 1),
    (CatalogCleared(), "catalog_cleared", 1),
    (PartsPrepared(PARTS), "parts_prepared", 2),
    (ImagesCollected(("a" * 64,)), "images_collected", 2),
    (FeedbackGiven(Feedback("f", AT, FeedbackVerdict.RIGHT, "tea")), "feedback_given", 3),
    (CalibrationSet(Calibration("model", AT, 0.01, 0.9)), "calibration_set", 3),
    (CalibrationReset("model"), "calibration_reset", 3),
]


@pytest.mark.parametrize(("change", "name", "form"), KINDS, ids=[name for _, name, _ in KINDS])
def test_every_kind_has_its_name_and_format_and_is_read_back(
    change: JournalChange, name: str, form: int
) -> None:
    record = encode_entry(entry(4, change))
    assert (record["format"], record["sequence"], record["write_id"]) == (form, 4, "me")
    changes = record["changes"]
    assert isinstance(changes, list)
    assert changes[0]["change"] == name
    assert decode_entry(loads(dumps(record), "here")) == entry(4, change)


def test_an_entry_has_the_latest_format_of_its_changes() -> None:
    changes = [change for change, _, _ in KINDS]
    assert encode_entry(entry(1, *changes))["format"] == 3
    assert encode_entry(entry(1, *changes[:7]))["format"] == 2
    assert FORMATS == (1, 2, 3, 4)


def test_an_entry_has_from_one_to_the_most_changes() -> None:
    with pytest.raises(Invalid, match="an entry needs a change"):
        entry(1)
    assert len(entry(1, *[CatalogCleared()] * MOST_CHANGES).changes) == MOST_CHANGES
    with pytest.raises(Invalid, match="257 changes are too many for one step; make at most 256"):
        entry(1, *[CatalogCleared()] * (MOST_CHANGES + 1))


@pytest.mark.parametrize("form", [None, 0, 5, "1"])
def test_another_format_is_of_a_newer_version(form: object) -> None:
    record = {**encode_entry(entry(1, CatalogDeleted())), "format": form}
    with pytest.raises(NewerFormat, match="written by a newer skulens; update this one"):
        decode_entry(record)


@pytest.mark.parametrize("name", [None, 7, "product_praised"])
def test_an_unknown_change_is_malformed(name: object) -> None:
    record = {**encode_entry(entry(1, CatalogDeleted())), "changes": [{"change": name}]}
    with pytest.raises(Malformed, match=f"unknown change {name!r}"):
        decode_entry(record)
