"""Opens local cameras (Video4Linux)."""

from stream.camera.address import CameraAddress
from stream.camera.container import OpenCamera, open_container, prepare
from stream.camera.dialer import Dialer
from stream.camera.settings import CameraSettings
from stream.errors import SourceError


def open_device(address: CameraAddress, _dialer: Dialer, settings: CameraSettings) -> OpenCamera:
    """Open a camera at this machine; see `stream.camera.open.Opener`.

    Raises:
        SourceError: there is no such camera, or another program uses it.
    """
    try:
        container = open_container(address.host, "video4linux2,v4l2")
    except SourceError as error:
        raise SourceError(
            "there is no such camera at this machine, or another program uses it; close that"
        ) from error
    return prepare(container, settings.threads)
