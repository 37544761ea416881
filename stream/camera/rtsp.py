"""Opens RTSP cameras; probes them with requests of our own first, which can be interrupted."""

import re
import socket
import ssl
from typing import Final

from av.container import InputContainer

from stream.camera.address import CameraAddress
from stream.camera.container import OpenCamera, open_container, prepare
from stream.camera.dialer import Dialer
from stream.camera.settings import CameraSettings, Transport
from stream.errors import SourceError

ANSWER_TIMEOUT_S: Final = 4.0  # per answer; then the camera counts as hanging
MAX_ANSWER_BYTES: Final = 65536  # real descriptions have about a thousand
_STATUS: Final = re.compile(rb"RTSP/\d\.\d (\d{3}) ")
OPTIONS: Final = {
    # Without probing the first key frame is not missed; decoders learn from the stream itself.
    "analyzeduration": "0",
    "probesize": "32",
    "max_delay": "200000",  # microseconds that a packet may be late over UDP
    "buffer_size": "1048576",  # bytes of the UDP socket: the packets of a large key frame
    "allowed_media_types": "video",
    "user_agent": "skulens",
}
REASONS: Final = {
    "HTTPUnauthorizedError": "it refuses the user name or password",
    "HTTPForbiddenError": "it refuses the user name or password",
    "HTTPNotFoundError": "it has no stream at this path",
    "TimeoutError": "it does not answer",
    "ExitError": "it does not answer",
    "ConnectionRefusedError": "it refuses the connection",
}
NO_SUCH_TRANSPORT: Final = ("HTTPBadRequestError", "HTTPOtherClientError")


class TransportRefused(SourceError):
    """The camera does not send over this transport."""


def open_rtsp(address: CameraAddress, dialer: Dialer, settings: CameraSettings) -> OpenCamera:
    """Open an RTSP camera; see `stream.camera.open.Opener`.

    Raises:
        SourceError: it is not there, refuses, or serves no video.
    """
    probe(address, dialer)
    if settings.transport != "auto":
        return prepare(_open(address, dialer, settings.transport), settings.threads)
    try:
        container = _open(address, dialer, "tcp")
    except TransportRefused:
        container = _open(address, dialer, "udp")
    return prepare(container, settings.threads)


def probe(address: CameraAddress, dialer: Dialer) -> None:
    """Send OPTIONS and DESCRIBE to a camera, without the password.

    FFmpeg cannot be interrupted while it opens; this can. A camera that hangs is noticed here, and
    redirects are not followed.

    Raises:
        SourceError: the camera is not there, does not answer, answers something else, or
            redirects elsewhere.
    """
    tls = _any_certificate() if address.scheme == "rtsps" else None
    connection = dialer.connect(address.host, address.port, tls=tls)
    try:
        connection.settimeout(ANSWER_TIMEOUT_S)
        for number, method in enumerate(("OPTIONS", "DESCRIBE"), 1):
            request = (
                f"{method} {address.url()} RTSP/1.0\r\nCSeq: {number}\r\n"
                "User-Agent: skulens\r\nAccept: application/sdp\r\n\r\n"
            )
            connection.sendall(request.encode())
            status = _status(connection)
            if 300 <= status < 400:
                raise SourceError("it redirects elsewhere; use the address it redirects to")
    except TimeoutError as error:
        raise SourceError("it accepts the connection, but does not answer") from error
    except OSError as error:
        raise SourceError("it closes the connection") from error
    finally:
        dialer.release(connection)


def _open(address: CameraAddress, dialer: Dialer, transport: Transport) -> InputContainer:
    """Have FFmpeg open a stream at the checked IP address of its host."""
    url = address.url(dialer.resolve(address.host, address.port), with_password=True)
    try:
        return open_container(url, "rtsp", {**OPTIONS, "rtsp_transport": transport})
    except SourceError as error:
        name = type(error.__cause__).__name__  # its message contains the password
        if name in NO_SUCH_TRANSPORT:
            raise TransportRefused(f"it does not send over {transport.upper()}") from None
        raise SourceError(REASONS.get(name, str(error))) from None


def _status(connection: socket.socket) -> int:
    """Read one answer and return its status; 0 if it has none."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(4096)
        if not part:
            raise SourceError("it closes the connection without an answer")
        answer += part
        if len(answer) > MAX_ANSWER_BYTES or not answer.startswith(b"RTSP/"[: len(answer)]):
            raise SourceError("it does not speak RTSP")
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d{1,6})", head)
    missing = (int(length[1]) if length else 0) - len(body)
    while 0 < missing <= MAX_ANSWER_BYTES and (part := connection.recv(min(missing, 4096))):
        missing -= len(part)
    status = _STATUS.match(answer)
    return int(status[1]) if status else 0


def _any_certificate() -> ssl.SSLContext:
    """A context that accepts any certificate, because cameras sign theirs themselves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
