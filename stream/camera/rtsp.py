"""Opens RTSP cameras: one connection, on which FFmpeg and the camera talk through a relay."""

import ssl
from typing import Final, Literal

from stream.camera.address import CameraAddress
from stream.camera.container import OpenCamera, open_container, prepare
from stream.camera.dialer import Dialer
from stream.camera.dialogue import ANSWER_TIMEOUT_S
from stream.camera.relay import RtspRelay
from stream.camera.settings import CameraSettings, Transport
from stream.errors import SourceError

OPEN_TIMEOUT_S: Final = 12.0  # for some five answers; each is bounded by itself
OPTIONS: Final = {
    # Without probing the first key frame is not missed; decoders learn from the stream itself.
    "analyzeduration": "0",
    "probesize": "32",
    "max_delay": "200000",  # microseconds that a packet may be late over UDP
    "buffer_size": "1048576",  # bytes of the UDP socket: the packets of a large key frame
    "allowed_media_types": "video",
    "user_agent": "skulens",
}
# FFmpeg tries the second transport on the same connection when the first one is refused.
TRANSPORTS: Final = {
    "auto": {"rtsp_transport": "udp+tcp", "rtsp_flags": "prefer_tcp"},
    "tcp": {"rtsp_transport": "tcp"},
    "udp": {"rtsp_transport": "udp"},
}


def open_rtsp(address: CameraAddress, dialer: Dialer, settings: CameraSettings) -> OpenCamera:
    """Open an RTSP camera; see `stream.camera.open.Opener`.

    Raises:
        SourceError: it is not there, refuses, or serves no video.
    """
    return _open(address, dialer, settings, settings.transport)


def _open(
    address: CameraAddress,
    dialer: Dialer,
    settings: CameraSettings,
    transport: Transport | Literal["auto"],
) -> OpenCamera:
    """Open it over a transport; a second connection is made only if the first refused TCP."""
    relay = _relay(address, dialer)
    try:
        container = open_container(
            relay.url,
            "rtsp",
            {**OPTIONS, **TRANSPORTS[transport]},
            trouble=relay.trouble,
            open_timeout=OPEN_TIMEOUT_S,
        )
        relay.settle()
        return prepare(container, settings.threads, trouble=relay.trouble, farewell=relay.close)
    except SourceError as error:
        relay.close()
        reason = relay.trouble.reason or relay.refusal or str(error)
    if relay.refusal and transport == "auto" and not dialer.is_stopped:
        return _open(address, dialer, settings, "udp")
    raise SourceError(reason)


def _relay(address: CameraAddress, dialer: Dialer) -> RtspRelay:
    """Connect to the camera."""
    tls = _any_certificate() if address.scheme == "rtsps" else None
    connection = dialer.connect(address.host, address.port, tls=tls)
    connection.settimeout(ANSWER_TIMEOUT_S)
    return RtspRelay(address, connection, dialer)


def _any_certificate() -> ssl.SSLContext:
    """A context that accepts any certificate, because cameras sign theirs themselves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
