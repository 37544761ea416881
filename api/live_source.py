"""What a person names as a live source, as one."""

from pathlib import Path
from typing import Literal

from stream.camera import CameraSettings, CameraSource
from stream.live import LiveSource
from stream.reconnecting import ReconnectingSource
from stream.replay import RecordingSource

Transport = Literal["auto", "tcp", "udp"]


def live_source(address: str, transport: Transport = "auto") -> LiveSource:
    """A camera that is connected again when it is lost, or a video file played at its own pace.

    Args:
        address: `rtsp://…`, `http://…`, `device:0`, or a file.
        transport: how RTSP pictures come.

    Raises:
        stream.errors.SourceError: the address is none, or of a kind that is not allowed.
    """
    if "://" not in address and Path(address).is_file():
        return RecordingSource(Path(address))
    settings = CameraSettings(transport=transport)
    return ReconnectingSource(lambda: CameraSource(address, settings))
