import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from api.errors import Refused
from api.live.cameras import (
    Camera,
    CameraRequest,
    CameraStore,
    CameraSupervisor,
    Hours,
    Window,
)
from api.live.secrets import SecretBox
from catalog.registry import Catalogs
from catalog.snapshot import Catalog
from catalog.storage.folder import FolderStorage
from matcher.live import Region, SessionManager
from stream.camera.address import SERVICE_RULES
from stream.sources import LiveSource
from stream.status import SourceState
from tests.api.shop import NETWORKS, ColourFinder
from tests.catalog.support.fakes import FakeEncoder
from tests.matcher.live.sources import HandSource, wait_until

ADDRESS = "rtsp://operator:geheim@192.0.2.7:8554/stream?token=alsogeheim"
ORDER = CameraRequest("door", ADDRESS, "shop", name="The door")


@pytest.fixture
def secrets(tmp_path: Path) -> SecretBox:
    return SecretBox.from_file(tmp_path / "state" / "key")


@pytest.fixture
def store(tmp_path: Path, secrets: SecretBox) -> CameraStore:
    return CameraStore(tmp_path / "cameras.json", secrets)


def test_a_camera_is_remembered_over_a_restart(tmp_path: Path, store: CameraStore) -> None:
    triangle = Region(((0, 0), (1, 0), (0.5, 1)))
    hours = Hours((Window(("mon", "tue"), "08:00", "18:30"),), "Europe/Zurich")
    order = CameraRequest("door", ADDRESS, "shop", "The door", "tcp", True, hours, (triangle,), 0.1)
    store.add(order)
    again = CameraStore(tmp_path / "cameras.json", SecretBox.from_file(tmp_path / "state" / "key"))
    camera = again.get("door")
    assert camera == Camera(
        "door", "The door", "rtsp://192.0.2.7:8554/stream", "shop", "tcp", True, hours,
        (triangle,), 0.1,
    )  # fmt: skip
    assert again.address("door") == ADDRESS


def test_no_password_lies_on_the_disk_in_clear_or_is_shown(
    tmp_path: Path, store: CameraStore
) -> None:
    camera = store.add(ORDER)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"geheim" in content for content in files)
    assert "geheim" not in repr(camera) + repr(ORDER) + camera.shown


def test_the_key_is_readable_by_its_owner_alone(tmp_path: Path, secrets: SecretBox) -> None:
    key = tmp_path / "state" / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert SecretBox.from_file(key).decrypt(secrets.encrypt("x")) == "x"
    key.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        SecretBox.from_file(key)


def test_another_key_is_recognised_as_another(tmp_path: Path, store: CameraStore) -> None:
    store.add(ORDER)
    other = CameraStore(tmp_path / "cameras.json", SecretBox(Fernet.generate_key()))
    assert other.get("door").name == "The door"
    with pytest.raises(Refused, match="key file is another"):
        other.address("door")
    with pytest.raises(Refused, match="damaged"):
        SecretBox(b"no key")


def test_a_camera_is_replaced_only_on_request(store: CameraStore) -> None:
    store.add(ORDER)
    with pytest.raises(Refused, match="already"):
        store.add(ORDER)
    store.add(CameraRequest("door", "rtsp://192.0.2.8/", "shop"), replace=True)
    assert store.get("door").shown == "rtsp://192.0.2.8:554/"
    store.remove("door")
    with pytest.raises(Refused, match="no camera door"):
        store.remove("door")
    assert store.list() == ()


@pytest.mark.parametrize(
    "order",
    [
        CameraRequest("../door", ADDRESS, "shop"),
        CameraRequest("door", "file:///etc/passwd", "shop"),
        CameraRequest("door", "rtsp://127.0.0.1:port/geheim", "shop"),
        CameraRequest("door", ADDRESS, "shop", transport="pigeon"),
        CameraRequest("door", ADDRESS, "shop", smallest=7),
        CameraRequest("door", "device:0", "shop"),
    ],
)
def test_a_camera_that_cannot_be_is_refused_without_its_password(
    tmp_path: Path, secrets: SecretBox, order: CameraRequest
) -> None:
    store = CameraStore(tmp_path / "cameras.json", secrets, SERVICE_RULES)
    with pytest.raises(Refused) as refused:
        store.add(order)
    assert "geheim" not in str(refused.value)
    assert not (tmp_path / "cameras.json").exists()


@pytest.mark.parametrize("content", ["", "{}", '{"format": 9, "cameras": []}', '{"format": 1}'])
def test_a_damaged_file_is_refused_and_left_alone(
    tmp_path: Path, secrets: SecretBox, content: str
) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(content)
    with pytest.raises(Refused, match=r"cameras\.json"):
        CameraStore(path, secrets)
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        (Window(("mon",), "08:00", "18:00"), "2026-03-02T08:00", True),
        (Window(("mon",), "08:00", "18:00"), "2026-03-02T18:00", False),
        (Window(("mon",), "08:00", "18:00"), "2026-03-03T09:00", False),
        (Window(("mon",), "22:00", "06:00"), "2026-03-03T05:59", True),
        (Window(("mon",), "22:00", "06:00"), "2026-03-02T05:59", False),
        (Window(("mon",), "00:00", "00:00"), "2026-03-02T13:00", True),
    ],
)
def test_hours_are_of_the_place_s_own_time(window: Window, moment: str, is_open: bool) -> None:
    zurich = datetime.fromisoformat(f"{moment}+01:00").timestamp()
    assert Hours((window,), "Europe/Zurich").open_at(zurich) is is_open


def test_no_hours_means_always() -> None:
    assert Hours().open_at(0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Window(("someday",), "08:00", "09:00"), "someday"),
        (lambda: Window((), "08:00", "09:00"), "none is no day"),
        (lambda: Window(("mon",), "8", "09:00"), "08:30"),
        (lambda: Hours((), "Moon/Base"), "Moon/Base"),
        (lambda: Hours((), "../../etc/passwd"), "time zone"),
    ],
)
def test_hours_that_cannot_be_are_refused(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        make()


class CameraWatch:
    """A supervisor with sources made by hand."""

    def __init__(self, folder: Path, store: CameraStore) -> None:
        catalogs = Catalogs(FolderStorage(folder / "data", durable=False), FakeEncoder(NETWORKS))
        shop = catalogs.create("shop").snapshot()
        self.sources: list[HandSource] = []
        self.refuse = ""
        self.now = 0.0
        self.manager: SessionManager[Catalog] = SessionManager(ColourFinder())
        self.supervisor = CameraSupervisor(
            store, self.manager, lambda _: lambda: shop, self.open, clock=lambda: self.now
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
    watch.now += 20
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


def test_the_file_holds_what_is_needed_and_no_more(tmp_path: Path, store: CameraStore) -> None:
    store.add(ORDER)
    record = json.loads((tmp_path / "cameras.json").read_text())
    assert sorted(record["cameras"][0]) == ["camera", "sealed"]
    assert not list(tmp_path.glob("*.part"))
