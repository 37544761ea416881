from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from catalog.encodings.encoding import PartIds
from catalog.errors import NewerFormat
from catalog.journal.entries import (
    FORMATS,
    CalibrationSet,
    Entry,
    FeedbackGiven,
    PartsActivated,
    decode_entry,
    encode_entry,
)
from catalog.journal.state import CatalogState, replay
from catalog.records import feedback as rules
from catalog.records.codec import from_record, to_record
from catalog.records.feedback import (
    Feedback,
    kept_pictures,
)
from tests.catalog.support.opinions import HALF, OTHER, RIGHT


def test_a_state_keeps_the_newest_feedback_only() -> None:
    state = live()
    state = replay(state, (given(state.sequence + n, numbered(n)) for n in range(1, 10_051)))
    assert len(state.feedback) == rules.MOST_FEEDBACK == 10_000
    assert state.feedback[-1].feedback_id == "10050"
    assert state.feedback[0].feedback_id == "51"


def test_pictures_are_kept_for_a_year_and_only_the_newest() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    old = replace(numbered(0), picture="old", at=(at - timedelta(days=366)).isoformat())
    new = [replace(numbered(n), picture=f"{n}", at=at.isoformat()) for n in range(1, 2003)]
    kept = kept_pictures([old, *new[:5], numbered(7)], at.isoformat())
    assert kept == {"1", "2", "3", "4", "5"}
    many = kept_pictures(new, at.isoformat())
    assert len(many) == rules.MOST_PICTURES
    assert "1" not in many
    assert kept_pictures([], at.isoformat()) == frozenset()


def test_feedback_survives_its_record() -> None:
    for feedback in (RIGHT, replace(OTHER, picture="ab", image_id="cd", note="ü", seen_version=7)):
        assert from_record(Feedback, to_record(feedback)) == feedback


@pytest.mark.parametrize(
    "fault", [{"verdict": "perhaps"}, {"probability": "high"}, {"note": 3}, {"at": None}]
)
def test_a_damaged_record_is_none(fault: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"verdict|probability|note|at"):
        from_record(Feedback, {**to_record(RIGHT), **fault})


def test_entries_without_the_new_kinds_stay_readable_to_older_versions() -> None:
    parts = PartIds("crop", "embedding", "local")
    made = encode_entry(Entry(1, "w", "", (PartsActivated(parts),)))
    assert made["format"] == 1
    for change in (FeedbackGiven(RIGHT), CalibrationSet(HALF)):
        entry = Entry(2, "w", "", (change,))
        record = encode_entry(entry)
        assert record["format"] == 3
        assert decode_entry(record) == entry
    with pytest.raises(NewerFormat):
        decode_entry({**made, "format": FORMATS[-1] + 1})


def live() -> CatalogState:
    parts = PartIds("crop", "embedding", "local")
    return replay(CatalogState("shop"), [Entry(1, "w", "", (PartsActivated(parts),))])


def given(sequence: int, feedback: Feedback) -> Entry:
    return Entry(sequence, "w", "", (FeedbackGiven(feedback),))


def numbered(number: int) -> Feedback:
    return replace(RIGHT, feedback_id=f"{number}", at="2026-05-01T00:00:00+00:00")
