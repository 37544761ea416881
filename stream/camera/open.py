"""Opens a camera's address, whatever kind it is, as something that packets can be read from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, cast

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stream.camera.address import CameraAddress
from stream.camera.dialer import Dialer
from stream.camera.http import WebReader, WebStream
from stream.camera.rtsp import Transport, TransportRefused, ask, open_rtsp
from stream.errors import SourceError

OPEN_TIMEOUT_S: Final = 6.0
# How long one wait for a packet lasts before the reader looks around.
SLICE_S: Final = 0.4
PLAYLISTS: Final = ("application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl")
MULTIPART: Final = ("multipart/x-mixed-replace", "multipart/mixed")
CONTAINERS: Final = {"video/mp2t": "mpegts", "video/x-flv": "flv", "video/mp4": "mp4"}
# A segment that claims to be another playlist, or a description of sockets to open, is none.
HLS_OPTIONS: Final = {
    "http_persistent": "0",
    "live_start_index": "-2",
    "format_whitelist": "hls,mpegts,mov,mp4,m4a,3gp,3g2,mj2",
}


@dataclass(frozen=True, slots=True)
class OpenCamera:
    """A camera that answers.

    Attributes:
        container: to be closed by the taker.
        video: its video track.
        has_times: whether presentation times say when pictures were taken.
        comes_in_bursts: whether pictures have to be paced, because they come by the segment.
    """

    container: InputContainer
    video: VideoStream
    has_times: bool = True
    comes_in_bursts: bool = False


def open_camera(
    address: CameraAddress, dialer: Dialer, transport: Transport | Literal["auto"], threads: int
) -> OpenCamera:
    """Open a camera; blocks, each step for a few seconds at most.

    Args:
        address: where.
        dialer: makes or checks every connection.
        transport: how RTSP pictures come; "auto" tries TCP, then UDP.
        threads: for decoding.

    Raises:
        SourceError: it cannot be opened, or has no pictures.
    """
    if address.scheme == "device":
        return _with_video(_open_device(address.host), threads)
    if address.scheme in ("rtsp", "rtsps"):
        ask(address, dialer)
        return _open_rtsp(address, dialer, transport, threads)
    return _open_web(address, dialer, threads)


def _open_rtsp(
    address: CameraAddress, dialer: Dialer, transport: Transport | Literal["auto"], threads: int
) -> OpenCamera:
    ways: tuple[Transport, ...] = ("tcp", "udp") if transport == "auto" else (transport,)
    for way in ways:
        try:
            container = open_rtsp(address, dialer, way, timeout=OPEN_TIMEOUT_S, slice_s=SLICE_S)
        except TransportRefused:
            if way == ways[-1]:
                raise
        else:
            return _with_video(container, threads)
    raise AssertionError  # pragma: no cover


def _open_web(address: CameraAddress, dialer: Dialer, threads: int) -> OpenCamera:
    reader = WebReader(address, dialer)
    response = reader.open()
    kind = response.content_type
    if kind in PLAYLISTS or address.path.partition("?")[0].endswith(".m3u8"):
        response.close()
        container = _open(address.url(), "hls", HLS_OPTIONS, reader.open_part)
        return _with_video(container, threads, comes_in_bursts=True)
    if kind in MULTIPART:
        return _with_video(_open(response, "mpjpeg"), threads, has_times=False)
    if kind in CONTAINERS:
        return _with_video(_open(response, CONTAINERS[kind]), threads, comes_in_bursts=True)
    response.close()
    raise SourceError(f"it serves {kind}, which is not a stream of pictures")


def _open_device(path: str) -> InputContainer:
    try:
        return _open(path, "video4linux2,v4l2")
    except SourceError as error:
        raise SourceError(
            "there is no such camera at this machine, or another program uses it"
        ) from error


def _open(
    place: str | WebStream,
    kind: str,
    options: dict[str, str] | None = None,
    io_open: Callable[[str, int, dict[str, str]], WebStream] | None = None,
) -> InputContainer:
    try:
        return av.open(
            place,
            mode="r",
            format=kind,
            options=options,
            metadata_errors="replace",
            timeout=(OPEN_TIMEOUT_S, SLICE_S),
            io_open=io_open,
        )
    except (FFmpegError, OSError) as error:
        raise SourceError("it does not serve a stream that can be read") from error


def _with_video(
    container: InputContainer,
    threads: int,
    *,
    has_times: bool = True,
    comes_in_bursts: bool = False,
) -> OpenCamera:
    problem = _prepare(container, threads)
    if problem is not None:
        container.close()
        raise SourceError(problem)
    return OpenCamera(container, container.streams.video[0], has_times, comes_in_bursts)


def _prepare(container: InputContainer, threads: int) -> str | None:
    """Set up the decoder; what is wrong with the pictures, if anything."""
    if not container.streams.video:
        return "it sends no pictures"
    context = cast("VideoCodecContext | None", container.streams.video[0].codec_context)
    if context is None:
        return "its pictures are coded in a way that is not known here"
    # Slices, not frames: threads that hold a frame each would add its time to the delay.
    context.thread_type = "SLICE"
    context.thread_count = threads
    context.flags |= Flags.low_delay
    return None
