"""Opens RTSP cameras; asks them in our own words first, so that a silent one can be left."""

import re
import socket
import ssl
from typing import Final, Literal

import av
from av.container import InputContainer
from av.error import FFmpegError

from stream.camera.address import CameraAddress
from stream.camera.dialer import Dialer
from stream.errors import SourceError

Transport = Literal["tcp", "udp"]

ANSWER_TIMEOUT_S: Final = 4.0
MAX_ANSWER: Final = 65536
_STATUS: Final = re.compile(rb"RTSP/\d\.\d (\d{3}) ")
# With nothing to probe the first key frame is not missed; decoders learn from the stream itself.
# Packets that come late over UDP are waited for this long (microseconds).
OPTIONS: Final = {
    "analyzeduration": "0",
    "probesize": "32",
    "max_delay": "200000",
    "buffer_size": "1048576",
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
OTHER_REASON: Final = "it does not serve a stream that can be read"


class TransportRefused(SourceError):
    """The camera wants another transport."""


def ask(address: CameraAddress, dialer: Dialer) -> None:
    """Ask a camera what it can do and for its description, without the password.

    FFmpeg cannot be told to stop while it opens; this can, it is where a camera that hangs is
    noticed, and it does not follow redirects.

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


def open_rtsp(
    address: CameraAddress, dialer: Dialer, transport: Transport, *, timeout: float, slice_s: float
) -> InputContainer:
    """Open a camera's stream with FFmpeg; blocks for `timeout` seconds at most, per step.

    Args:
        address: rtsp or rtsps.
        dialer: resolves and checks the host; FFmpeg gets its number.
        transport: how the pictures come.
        timeout: for opening, seconds.
        slice_s: a later read that waits longer raises `av.error.ExitError`, and may go on.

    Raises:
        SourceError: in words; what FFmpeg says contains the password.
    """
    host = dialer.resolve(address.host, address.port)
    try:
        return av.open(
            address.url(host, with_password=True),
            format="rtsp",
            options={**OPTIONS, "rtsp_transport": transport},
            metadata_errors="replace",
            timeout=(timeout, slice_s),
        )
    except (FFmpegError, OSError) as error:
        name = type(error).__name__
        if name in NO_SUCH_TRANSPORT:
            raise TransportRefused(f"it does not send over {transport.upper()}") from None
        raise SourceError(REASONS.get(name, OTHER_REASON)) from None


def _status(connection: socket.socket) -> int:
    """Read one answer; 0 if it is none."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(4096)
        if not part:
            raise SourceError("it closes the connection without an answer")
        answer += part
        if len(answer) > MAX_ANSWER or not answer.startswith(b"RTSP/"[: len(answer)]):
            raise SourceError("it does not speak RTSP")
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d{1,6})", head)
    missing = (int(length[1]) if length else 0) - len(body)
    while 0 < missing <= MAX_ANSWER and (part := connection.recv(min(missing, 4096))):
        missing -= len(part)
    status = _STATUS.match(answer)
    return int(status[1]) if status else 0


def _any_certificate() -> ssl.SSLContext:
    """Cameras sign their certificates themselves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
