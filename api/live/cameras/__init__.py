"""Remembered cameras: kept on disk, their passwords encrypted, started with the service."""

from api.live.cameras.camera import Camera, CameraRequest
from api.live.cameras.schedule import Hours, Window
from api.live.cameras.store import CameraStore
from api.live.cameras.supervisor import CameraStatus, CameraSupervisor

__all__ = [
    "Camera",
    "CameraRequest",
    "CameraStatus",
    "CameraStore",
    "CameraSupervisor",
    "Hours",
    "Window",
]
