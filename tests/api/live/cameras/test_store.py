"""Cameras on disk."""

import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from api.errors import Refused
from api.live.cameras import (
    Camera,
    CameraRequest,
    CameraStore,
    Hours,
    Window,
)
from api.live.secrets import SecretBox
from matcher.live import Region
from stream.camera.address import SERVICE_RULES

ADDRESS = "rtsp://operator:geheim@192.0.2.7:8554/stream?token=alsogeheim"
ORDER = CameraRequest("door", ADDRESS, "shop", name="The door")


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


def test_the_file_holds_what_is_needed_and_no_more(tmp_path: Path, store: CameraStore) -> None:
    store.add(ORDER)
    record = json.loads((tmp_path / "cameras.json").read_text())
    assert sorted(record["cameras"][0]) == ["camera", "sealed"]
    assert not list(tmp_path.glob("*.part"))
