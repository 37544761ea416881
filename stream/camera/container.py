"""Opens camera streams with FFmpeg and prepares their decoders for low delay."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.error import ExitError, FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stream.errors import SourceError, stranger

OPEN_TIMEOUT_S: Final = 6.0  # per step; a camera that hangs is given up after it
READ_SLICE_S: Final = 0.4  # the longest wait for one packet, then the reader checks for a stop


NO_STREAM: Final = "it does not serve a stream that can be read; set H.264, H.265 or Motion JPEG"
TOO_LATE: Final = "it takes too long to begin; start it anew, or choose a smaller stream"


class ByteStream(Protocol):
    """A connection that FFmpeg reads instead of one of its own."""

    def read(self, size: int) -> bytes:
        """Return `size` bytes at most; empty at the end."""

    def close(self) -> None:
        """Close the connection."""


class Trouble:
    """The fault in a function that FFmpeg called, which must not raise.

    Attributes:
        reason: as it would have been raised; empty if nothing went wrong.
    """

    def __init__(self) -> None:
        self.reason = ""

    def forget(self) -> None:
        """Forget the reason, because things go on."""
        self.reason = ""

    def kept(self) -> "_TroubleKeeper":
        """A context that keeps whatever is raised in it as the reason, and goes on after it."""
        return _TroubleKeeper(self)


class _TroubleKeeper:
    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        if isinstance(error, SourceError):
            self._trouble.reason = str(error)
        elif isinstance(error, Exception):
            self._trouble.reason = stranger(error)
        return error is None or isinstance(error, Exception)


@dataclass(frozen=True, slots=True)
class OpenCamera:
    """A camera whose packets can be read.

    Attributes:
        container: closed by the reader.
        video: its video track.
        has_times: whether presentation times say when pictures were captured.
        comes_in_bursts: whether pictures have to be paced, because they come by the segment.
        trouble: why it ended, where the functions that FFmpeg calls know it.
        farewell: ends what FFmpeg does not.
    """

    container: InputContainer
    video: VideoStream
    has_times: bool = True
    comes_in_bursts: bool = False
    trouble: Trouble = field(default_factory=Trouble)
    farewell: Callable[[], None] = lambda: None

    def close(self) -> None:
        """End the connection."""
        self.container.close()
        self.farewell()


def open_container(
    place: str | ByteStream,
    format_name: str,
    options: dict[str, str] | None = None,
    io_open: Callable[[str, int, dict[str, str]], ByteStream] | None = None,
    trouble: Trouble | None = None,
    open_timeout: float = OPEN_TIMEOUT_S,
) -> InputContainer:
    """Open a stream with FFmpeg; blocks for `open_timeout` seconds per step.

    A later read that waits for `READ_SLICE_S` raises `av.error.ExitError`, and may go on.

    Raises:
        SourceError: it cannot be opened; FFmpeg's message, which may contain a password, is the
            cause only. A reason in `trouble` comes first.
    """
    try:
        return av.open(
            place,
            mode="r",
            format=format_name,
            options=options,
            metadata_errors="replace",
            timeout=(open_timeout, READ_SLICE_S),
            io_open=io_open,
        )
    except (FFmpegError, OSError) as error:
        reason = trouble.reason if trouble else ""
        is_late = isinstance(error, ExitError)
        raise SourceError(reason or (TOO_LATE if is_late else NO_STREAM)) from error


def prepare(
    container: InputContainer,
    threads: int,
    *,
    has_times: bool = True,
    comes_in_bursts: bool = False,
    trouble: Trouble | None = None,
    farewell: Callable[[], None] = lambda: None,
) -> OpenCamera:
    """Set up the decoder of an open stream; closes the container on failure.

    Raises:
        SourceError: there is no video track, or no decoder for it.
    """
    problem = _set_up_decoder(container, threads)
    if problem is not None:
        container.close()
        farewell()
        raise SourceError((trouble and trouble.reason) or problem)
    return OpenCamera(
        container,
        container.streams.video[0],
        has_times,
        comes_in_bursts,
        trouble or Trouble(),
        farewell,
    )


def _set_up_decoder(container: InputContainer, threads: int) -> str | None:
    """Return what is wrong with the video track, if anything."""
    if not container.streams.video:
        return "it sends no pictures; choose its video stream"
    context = cast("VideoCodecContext | None", container.streams.video[0].codec_context)
    if context is None:
        return "its pictures are coded in a way that is not known here; set H.264 or H.265"
    # Slices, not frames: threads that hold a frame each would add its duration to the delay.
    context.thread_type = "SLICE"
    context.thread_count = threads
    context.flags |= Flags.low_delay
    return None
