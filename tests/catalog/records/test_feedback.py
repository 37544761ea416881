import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image

from catalog.encodings.encoding import PartIds
from catalog.encodings.store import pack_tensors, unpack_tensors
from catalog.errors import Invalid, NewerFormat, NotFound, PictureError
from catalog.ingest.image_file import ImageFile, read_image
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
from catalog.records.calibration import Calibration
from catalog.records.codec import from_record, to_record
from catalog.records.feedback import (
    Feedback,
    FeedbackVerdict,
    kept_pictures,
)
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from catalog.store import CatalogStore
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    encoded,
    new_store,
    picture,
    same_store,
)

RIGHT = Feedback("f1", "t", FeedbackVerdict.RIGHT, "tea", probability=0.97, by="key-1")
OTHER = Feedback("f2", "t", FeedbackVerdict.OTHER, "tea", "milk", appearance_id="door-3")
HALF = Calibration("net", "2026-01-01T00:00:00+00:00", 0.01, 0.5, 1.2, -0.3, 0.4, {"photos": 9})


def shop(storage: Storage) -> CatalogStore:
    store = new_store(storage)
    store.add_product("tea", [picture(1)])
    store.add_product("milk", [picture(2)])
    return store


def test_feedback_is_in_the_journal_and_every_process_reads_it(storage: Storage) -> None:
    store = shop(storage)
    first = store.feedback.add(RIGHT)
    second = store.feedback.add(OTHER, picture(3))
    assert (first.index_version, second.index_version) == (4, 5)
    other = same_store(storage)
    assert other.snapshot(min_version=5).feedback == (first.feedback, second.feedback)
    assert first.feedback.feedback_id != second.feedback.feedback_id
    assert (first.feedback.shown, second.feedback.shown) == ("tea", "milk")
    assert other.feedback.picture(first.feedback) is None
    seen = other.feedback.picture(second.feedback)
    assert seen is not None
    assert read_image(seen, "seen").shape == (30, 40, 3)


def test_feedback_does_not_disturb_the_index(memory: MemoryStorage) -> None:
    store = shop(memory)
    before = store.snapshot()
    store.feedback.add(RIGHT)
    after = store.snapshot()
    assert after.index_version == before.index_version + 1
    assert after.products is before.products


def test_the_picture_is_made_smaller_and_tells_nothing_of_its_maker(memory: MemoryStorage) -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (900, 3000, 3), np.uint8)
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    large = encoded(Image.fromarray(noisy), "JPEG", exif=exif)
    taken = shop(memory).feedback.add(RIGHT, ImageFile("large.jpg", large))
    kept = memory.objects[f"shop/feedback/{taken.feedback.picture}.jpg"]
    assert read_image(kept, "kept").shape == (307, 1024, 3)
    assert b"Secret" in large
    assert b"Secret" not in kept


@pytest.mark.parametrize(
    ("feedback", "sentence"),
    [
        (replace(RIGHT, verdict=FeedbackVerdict.OTHER), "goes with the verdict other"),
        (replace(RIGHT, other_product_id="milk"), "goes with the verdict other"),
        (replace(OTHER, other_product_id="tea"), "the verdict right"),
        (replace(RIGHT, probability=1.5), "between 0 and 1"),
        (replace(RIGHT, note="x" * 1001), "at most 1000 letters"),
        (replace(RIGHT, appearance_id="x" * 129), "at most 128 letters"),
    ],
)
def test_feedback_that_contradicts_itself_is_refused(
    memory: MemoryStorage, feedback: Feedback, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        shop(memory).feedback.add(feedback)


def test_feedback_on_what_is_not_there_is_refused_and_nothing_is_written(
    memory: MemoryStorage,
) -> None:
    store = shop(memory)
    before = set(memory.objects)
    with pytest.raises(NotFound, match="no product rice"):
        store.feedback.add(replace(RIGHT, product_id="rice"), picture(3))
    with pytest.raises(NotFound, match="no product rice"):
        store.feedback.add(replace(OTHER, other_product_id="rice"), picture(3))
    with pytest.raises(PictureError):
        store.feedback.add(RIGHT, ImageFile("broken.jpg", b"no picture"))
    assert set(memory.objects) == before
    Catalogs(memory, FakeEncoder()).delete("shop")
    with pytest.raises(NotFound, match="no catalog shop"):
        store.feedback.add(RIGHT)


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


def test_reconcile_leaves_pictures_that_feedback_speaks_about(folder: FolderStorage) -> None:
    store = shop(folder)
    taken = store.feedback.add(OTHER, picture(3))
    stray = f"shop/feedback/{'0' * 64}.jpg"
    folder.put(stray, b"left by a process that was killed")
    reconciler = Catalogs(folder, FakeEncoder()).reconciler("shop", grace_seconds=-10)
    reconciler.reconcile()
    reconciler.reconcile()
    kept = folder.list("shop/feedback/")
    assert kept == (f"shop/feedback/{taken.feedback.picture}.jpg",)


def test_a_deleted_catalog_leaves_no_feedback(folder: FolderStorage) -> None:
    shop(folder).feedback.add(OTHER, picture(3))
    catalogs = Catalogs(folder, FakeEncoder())
    catalogs.delete("shop")
    assert folder.list("shop/feedback/") == ()
    assert catalogs.create("shop").snapshot().feedback == ()


def test_snapshot_objects_carry_feedback_and_calibrations(memory: MemoryStorage) -> None:
    store = shop(memory)
    store.calibrate(HALF)
    given = [store.feedback.add(RIGHT).feedback for _ in range(70)]
    assert memory.list("shop/snapshots/")
    for key in memory.list("shop/journal/")[:40]:
        memory.objects[key] = b"a start from the snapshot never reads this"
    snapshot = same_store(memory).snapshot()
    assert snapshot.feedback == tuple(given)
    assert dict(snapshot.calibrations) == {"net": HALF}


def test_snapshot_objects_of_earlier_versions_are_read(memory: MemoryStorage) -> None:
    store = shop(memory)
    for number in range(70):
        store.update_product("tea", name=f"Tea {number}")
    (*_, key) = memory.list("shop/snapshots/")
    tensors = {
        name: tensor.copy() for name, tensor in unpack_tensors(memory.objects[key], key).items()
    }
    record = json.loads(tensors["record"].tobytes())
    old = {
        name: value for name, value in record.items() if name not in ("feedback", "calibrations")
    }
    assert len(old) == len(record) - 2
    earlier = json.dumps({**old, "format": 2}).encode()
    memory.objects[key] = pack_tensors({**tensors, "record": np.frombuffer(earlier, np.uint8)})
    for entry_key in memory.list("shop/journal/")[:40]:
        memory.objects[entry_key] = b"a start from the snapshot never reads this"
    snapshot = same_store(memory).snapshot()
    assert snapshot.products["tea"].name == "Tea 69"
    assert (snapshot.feedback, dict(snapshot.calibrations)) == ((), {})


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
        assert record["format"] == FORMATS[-1] == 3
        assert decode_entry(record) == entry
    with pytest.raises(NewerFormat):
        decode_entry({**made, "format": 4})


def live() -> CatalogState:
    parts = PartIds("crop", "embedding", "local")
    return replay(CatalogState("shop"), [Entry(1, "w", "", (PartsActivated(parts),))])


def given(sequence: int, feedback: Feedback) -> Entry:
    return Entry(sequence, "w", "", (FeedbackGiven(feedback),))


def numbered(number: int) -> Feedback:
    return replace(RIGHT, feedback_id=f"{number}", at="2026-05-01T00:00:00+00:00")
