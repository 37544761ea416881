"""Remembered cameras are watched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.errors import Refused
from api.live.cameras import (
    Camera,
    CameraRequest,
    CameraStore,
    CameraSupervisor,
    Hours,
    Window,
)
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from matcher.live import SessionManager
from stream.sources import LiveSource
from stream.status import SourceState
from tests.api.shop import NETWORKS, ColourFinder
from tests.catalog.support.fakes import FakeEncoder
from tests.matcher.live.sources import HandSource, wait_until

ADDRESS = "rtsp://operator:geheim@192.0.2.7:8554/stream?token=alsogeheim"
ORDER = CameraRequest("door", ADDRESS, "shop", name="The door")


class CameraWatch:
    """A supervisor with sources made by hand."""

    def __init__(self, folder: Path, store: CameraStore) -> None:
        catalogs = Catalogs(FolderStorage(folder / "data", durable=False), FakeEncoder(NETWORKS))
        shop = catalogs.create("shop").snapshot()
        self.sources: list[HandSource] = []
        self.refuse = ""
        self.now = self.steady_now = 0.0
        self.manager: SessionManager[Catalog] = SessionManager(ColourFinder())
        self.supervisor = CameraSupervisor(
            store,
            self.manager,
            lambda _: lambda: shop,
            self.open,
            clock=lambda: self.now,
            steady_clock=lambda: self.steady_now,
        )

    def open(self, camera: Camera, address: str) -> LiveSource:
        if self.refuse:
            raise Refused(self.refuse)
        assert address == ADDRESS
        self.sources.append(HandSource(camera.camera_id))
        return self.sources[-1]

    @property
    def reasons(self) -> list[str]:
        return [status.reason for status in self.supervisor.list()]

    def is_watching(self) -> bool:
        return any(status.session is not None for status in self.supervisor.list())

    def tick(self) -> None:
        self.supervisor._wake.set()

    def close(self) -> None:
        self.supervisor.close()
        self.manager.close()


@pytest.fixture
def watch(tmp_path: Path, store: CameraStore) -> Iterator[CameraWatch]:
    watch = CameraWatch(tmp_path, store)
    yield watch
    watch.close()


def test_a_new_camera_is_watched_at_once_and_a_removed_one_no_more(watch: CameraWatch) -> None:
    watch.supervisor.put(ORDER)
    wait_until(watch.is_watching)
    (report,) = watch.supervisor.list()
    assert report.session is not None
    assert report.session.source_id == "door"
    watch.supervisor.remove("door")
    assert watch.supervisor.list() == ()
    assert watch.manager.list() == ()
    assert watch.sources[0].stops == 1


def test_remembered_cameras_start_with_the_service(tmp_path: Path, store: CameraStore) -> None:
    store.add(ORDER)
    watch = CameraWatch(tmp_path, store)
    wait_until(watch.is_watching)
    watch.close()


def test_a_camera_that_failed_is_tried_again_later_and_says_why_meanwhile(
    watch: CameraWatch,
) -> None:
    watch.supervisor.put(ORDER)
    wait_until(watch.is_watching)
    watch.sources[0].show(SourceState.FAILED, "It refuses the password.")
    wait_until(lambda: watch.reasons == ["It refuses the password."])
    watch.steady_now += 20
    watch.tick()
    wait_until(lambda: len(watch.sources) == 2)


def test_a_camera_that_cannot_be_opened_says_why(watch: CameraWatch) -> None:
    watch.refuse = "No such catalog."
    watch.supervisor.put(ORDER)
    wait_until(lambda: watch.reasons == ["No such catalog."])
    watch.refuse = ""
    watch.supervisor.put(ORDER, replace=True)
    wait_until(watch.is_watching)


def test_outside_its_hours_or_switched_off_a_camera_rests(watch: CameraWatch) -> None:
    night = Hours((Window(("thu",), "22:00", "23:00"),))
    watch.supervisor.put(CameraRequest("door", ADDRESS, "shop", hours=night))
    wait_until(lambda: watch.reasons == ["It is outside its hours."])
    watch.now = 22.5 * 3600  # 1970 began with a Thursday
    watch.tick()
    wait_until(watch.is_watching)
    watch.now = 23 * 3600.0
    watch.tick()
    wait_until(lambda: not watch.is_watching())
    watch.supervisor.put(CameraRequest("door", ADDRESS, "shop", enabled=False), replace=True)
    wait_until(lambda: watch.reasons == ["It is switched off."])


def test_a_changed_camera_begins_a_new_session(watch: CameraWatch) -> None:
    watch.supervisor.put(ORDER)
    wait_until(watch.is_watching)
    watch.supervisor.put(ORDER, replace=True)
    wait_until(lambda: len(watch.sources) == 2 and watch.is_watching())
    assert watch.sources[0].stops == 1
    assert len(watch.manager.list()) == 1


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0], ids=["ahead", "back"])
def test_world_a_clock_that_is_set_changes_no_pause(watch: CameraWatch, jump_s: float) -> None:
    watch.now = 7200.0
    watch.supervisor.put(ORDER)
    wait_until(watch.is_watching)
    watch.sources[0].show(SourceState.FAILED, "It refuses the password.")
    wait_until(lambda: watch.reasons == ["It refuses the password."])
    watch.now += jump_s
    watch.steady_now += 14
    watch.tick()
    wait_until(lambda: not watch.supervisor._wake.is_set())
    assert len(watch.sources) == 1
    watch.steady_now += 2
    watch.tick()
    wait_until(lambda: len(watch.sources) == 2)
