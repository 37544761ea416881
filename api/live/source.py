"""Opens a live source by the address that a person gives."""

from pathlib import Path
from typing import Literal

from api.errors import Refused
from stream.camera.address import AddressRules
from stream.camera.reconnecting import ReconnectingSource
from stream.camera.settings import CameraSettings
from stream.camera.source import CameraSource
from stream.sources import LiveSource
from stream.video.replay import RecordingSource

Transport = Literal["auto", "tcp", "udp"]


def open_live_source(
    address: str, transport: Transport = "auto", rules: AddressRules | None = None
) -> LiveSource:
    """Return a camera that reconnects when it is lost, or a video file played at its own pace.

    Args:
        address: `rtsp://…`, `http://…`, `device:0`, or a file.
        transport: how RTSP pictures come.
        rules: which addresses are allowed; a file is not, where rules are given.

    Raises:
        stream.errors.SourceError: the address cannot be read, or is not allowed.
    """
    if rules is None and "://" not in address and Path(address).is_file():
        return RecordingSource(Path(address))
    settings = CameraSettings(transport=transport, rules=rules or AddressRules())
    return ReconnectingSource(lambda: CameraSource(address, settings))


def parse_transport(text: str) -> Transport:
    """Check the name of a transport.

    Raises:
        Refused: RTSP knows no such transport.
    """
    match text:
        case "auto" | "tcp" | "udp":
            return text
        case _:
            raise Refused(f"{text!r} is no transport for RTSP; use auto, tcp or udp")
