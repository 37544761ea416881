"""The kinds of camera: how an address of each scheme is opened.

To add one, write its opener and add its row here; docs/how-to/add-a-source.md shows how.
"""

from collections.abc import Callable, Mapping
from typing import Final

from stream.camera.address import CameraAddress
from stream.camera.container import OpenCamera
from stream.camera.device import open_device
from stream.camera.dialer import Dialer
from stream.camera.http import open_http
from stream.camera.rtsp import open_rtsp
from stream.camera.settings import CameraSettings

# Opens an address. Blocks, each step for a few seconds at most; every connection is made or checked
# by the dialer. Raises SourceError with a sentence that contains no password.
Opener = Callable[[CameraAddress, Dialer, CameraSettings], OpenCamera]

OPENERS: Final[Mapping[str, Opener]] = {
    "rtsp": open_rtsp,
    "rtsps": open_rtsp,
    "http": open_http,
    "https": open_http,
    "device": open_device,
}


def open_camera(address: CameraAddress, dialer: Dialer, settings: CameraSettings) -> OpenCamera:
    """Open a camera's address, whatever its scheme.

    Raises:
        SourceError: it cannot be opened, or has no pictures.
    """
    return OPENERS[address.scheme](address, dialer, settings)
