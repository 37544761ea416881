from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from catalog.errors import Invalid, NotFound, PictureError
from catalog.ingest.image_file import ImageFile, read_image
from catalog.records.feedback import (
    Feedback,
    FeedbackVerdict,
)
from catalog.registry import Catalogs
from catalog.storage.base import Storage
from catalog.storage.folder import FolderStorage
from tests.catalog.support.fakes import (
    FakeEncoder,
    MemoryStorage,
    encoded,
    picture,
    same_store,
)
from tests.catalog.support.opinions import OTHER, RIGHT, shop


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
