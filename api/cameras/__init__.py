"""Remembered cameras: kept on disk, their passwords encrypted, started with the service."""

from api.cameras.camera import Camera, CameraOrder
from api.cameras.hours import Hours, Window
from api.cameras.keeper import CameraKeeper, CameraReport
from api.cameras.store import CameraStore
from api.cameras.vault import Vault

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
