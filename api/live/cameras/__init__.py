"""Remembered cameras: kept on disk, their passwords encrypted, started with the service."""

from api.live.cameras.camera import Camera, CameraOrder
from api.live.cameras.schedule import Hours, Window
from api.live.cameras.secrets import Vault
from api.live.cameras.store import CameraStore
from api.live.cameras.supervisor import CameraKeeper, CameraReport

__all__ = [
    "Camera",
    "CameraKeeper",
    "CameraOrder",
    "CameraReport",
    "CameraStore",
    "Hours",
    "Vault",
    "Window",
]
