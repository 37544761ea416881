"""Cameras on disk: one JSON file, replaced as a whole, addresses encrypted in it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from api.errors import Refused
from api.live.cameras.camera import Camera, CameraRequest
from api.live.secrets import SecretBox
from matcher.tracking.codec import from_record, to_record
from stream.camera.address import AddressRules

FORMAT: Final = 1  # version of the file; a newer one is refused
MOST: Final = 256  # cameras


@dataclass(frozen=True, slots=True)
class _Kept:
    camera: Camera
    sealed: str


class CameraStore:
    """Thread-safe; for one process."""

    def __init__(self, path: Path, secrets: SecretBox, rules: AddressRules | None = None) -> None:
        """Read the file, if there is one.

        Args:
            path: of the file.
            secrets: encrypts the addresses.
            rules: which addresses are allowed.

        Raises:
            Refused: the file is damaged, or a newer skulens wrote it.
            OSError: it cannot be read.
        """
        self._path = path
        self._secrets = secrets
        self._rules = rules or AddressRules()
        self._lock = Lock()
        self._cameras = _read(path)

    def list(self) -> tuple[Camera, ...]:
        """Return all cameras, by id."""
        with self._lock:
            return tuple(self._cameras[key].camera for key in sorted(self._cameras))

    def get(self, camera_id: str) -> Camera:
        """Return one camera.

        Raises:
            Refused: there is none of that id.
        """
        return self._kept(camera_id).camera

    def address(self, camera_id: str) -> str:
        """Return a camera's address with user and password, for connecting alone.

        Raises:
            Refused: there is no such camera, or it was stored under another key.
        """
        return self._secrets.decrypt(self._kept(camera_id).sealed)

    def add(self, order: CameraRequest, *, replace: bool = False) -> Camera:
        """Remember a camera; on the disk when this returns.

        Raises:
            Refused: something about it cannot be, or there is one of that id and it is not to be
                replaced.
            OSError: the disk refused; nothing has changed.
        """
        camera = order.to_camera(self._rules)
        with self._lock:
            if camera.camera_id in self._cameras and not replace:
                raise Refused(f"there is a camera {camera.camera_id} already")
            if len(self._cameras) >= MOST and camera.camera_id not in self._cameras:
                raise Refused(f"{MOST} cameras are remembered; remove one first")
            kept = _Kept(camera, self._secrets.encrypt(order.address))
            self._write({**self._cameras, camera.camera_id: kept})
        return camera

    def remove(self, camera_id: str) -> None:
        """Forget a camera.

        Raises:
            Refused: there is none of that id.
            OSError: the disk refused; nothing has changed.
        """
        with self._lock:
            if camera_id not in self._cameras:
                raise Refused(f"there is no camera {camera_id}")
            self._write({key: kept for key, kept in self._cameras.items() if key != camera_id})

    def _kept(self, camera_id: str) -> _Kept:
        with self._lock:
            kept = self._cameras.get(camera_id)
        if kept is None:
            raise Refused(f"there is no camera {camera_id}")
        return kept

    def _write(self, cameras: dict[str, _Kept]) -> None:
        record = {"format": FORMAT, "cameras": to_record(list(cameras.values()))}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".part")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(record, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        self._cameras = cameras


def _read(path: Path) -> dict[str, _Kept]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise Refused(f"{path} was written by a newer skulens; update this one")
        kept = [from_record(_Kept, entry) for entry in record["cameras"]]
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"{path} is damaged ({error}); restore it, or move it away to begin anew"
        ) from error
    return {entry.camera.camera_id: entry for entry in kept}
