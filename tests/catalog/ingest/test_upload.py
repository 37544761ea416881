import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from typing_extensions import override

from catalog.follower import Follower
from catalog.journal.entries import ImagesCollected
from catalog.records.feedback import Feedback, FeedbackVerdict
from catalog.store import CatalogStore
from tests.catalog.support.fakes import MemoryStorage, image_id, new_store, picture, same_store

HELD_SECONDS = 2.0
PROMPT_SECONDS = 0.5
LATE = picture(2)


class HoldingStorage(MemoryStorage):
    """Holds writes of some objects, once it is told to, until they are released."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder
        self.holds = False
        self.holding = Event()
        self.release = Event()
        self.after_first: Callable[[str], None] | None = None

    @override
    def put(self, key: str, data: bytes) -> None:
        if not key.startswith(f"shop/{self.folder}/"):
            super().put(key, data)
            return
        if self.holds:
            self.holding.set()
            assert self.release.wait(30)
        super().put(key, data)
        if self.after_first is not None:
            after, self.after_first = self.after_first, None
            after(key.rpartition("/")[2].partition(".")[0])


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.ingest.upload.COLLECTING_SECONDS", 0.0)
    monkeypatch.setattr("catalog.ingest.upload._MARGIN_SECONDS", 0.0)


@contextmanager
def released(storage: HoldingStorage) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        try:
            yield pool
        finally:
            storage.release.set()


def collect(store: CatalogStore, storage: HoldingStorage, image: str) -> None:
    """Say that a picture was removed as an orphan; from now on its upload takes long."""
    store.commit_log.commit(lambda _: ImagesCollected((image,)))
    storage.holds = True


def check_that_others_go_on(
    store: CatalogStore, storage: HoldingStorage, pool: ThreadPoolExecutor
) -> None:
    """While a write is held, the same process writes, reads and follows without waiting."""
    assert storage.holding.wait(10)
    longest = 0.0
    renamed = 0
    with Follower(store, poll_seconds=0.02) as follower:
        end = time.monotonic() + HELD_SECONDS
        while time.monotonic() < end:
            start = time.monotonic()
            renamed += 1
            # In threads of their own, so that a lock that is held fails here and does not hang.
            pool.submit(store.update_product, "first", name=f"name {renamed}").result(5)
            state = pool.submit(store.state).result(5)
            assert state.products["first"].name == f"name {renamed}"
            assert (
                pool.submit(follower.catalog).result(5).products["first"].name
                == state.products["first"].name
            )
            longest = max(longest, time.monotonic() - start)
            time.sleep(0.01)
        assert not follower.health.degraded
    assert renamed > 10
    assert longest < PROMPT_SECONDS


def test_pictures_that_are_uploaded_again_for_seconds_hold_up_nobody() -> None:
    storage = HoldingStorage("images")
    store = new_store(storage)
    store.add_product("first", [picture(1)])
    with released(storage) as pool:
        late: Future[object] = pool.submit(
            store.add_product,
            "late",
            [LATE],
            before_commit=lambda: collect(store, storage, image_id(LATE)),
        )
        check_that_others_go_on(store, storage, pool)
        assert not late.done()
        assert "late" not in store.state().products
    late.result()
    snapshot = same_store(storage).snapshot()
    assert snapshot.products["late"].images[0].image_id == image_id(LATE)
    assert snapshot.picture(image_id(LATE)) == LATE.data


def test_feedback_whose_picture_is_uploaded_again_holds_up_nobody() -> None:
    storage = HoldingStorage("feedback")
    store = new_store(storage)
    store.add_product("first", [picture(1)])
    storage.after_first = lambda image: collect(store, storage, image)
    with released(storage) as pool:
        right = Feedback("", "", FeedbackVerdict.RIGHT, "first")
        given = pool.submit(store.feedback.add, right, picture(3))
        check_that_others_go_on(store, storage, pool)
        assert not given.done()
    receipt = given.result()
    assert same_store(storage).state().feedback == (receipt.feedback,)
    assert storage.get(f"shop/feedback/{receipt.feedback.picture}.jpg")


def test_a_change_that_is_refused_waits_for_no_removal(memory: MemoryStorage) -> None:
    store = new_store(memory)
    store.add_product("first", [picture(1)])

    def overtake() -> None:
        same_store(memory).add_product("late", [picture(5)])
        store.commit_log.commit(lambda _: ImagesCollected((image_id(LATE),)))

    slept: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", slept.append)
        with pytest.raises(Exception, match="is in catalog shop already"):
            store.add_product("late", [LATE], before_commit=overtake)
    assert not slept
