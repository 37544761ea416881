"""From decoded pictures of a live connection to frames in a mailbox."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from time import monotonic
from typing import Final

from av.error import FFmpegError
from av.video.frame import VideoFrame

from stream.decode.capture_clock import CaptureClock
from stream.decode.freeze_detector import FreezeWatch
from stream.decode.pixels import RgbConverter
from stream.errors import SourceError
from stream.frame import Frame
from stream.mailbox import Inbox, PendingFrame
from stream.status import SourceState, StatusBoard, as_sentence

MAX_PIXELS: Final = 4096 * 2304
MIN_SIDE: Final = 16
MAX_STEP_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What live pictures are held to.

    Attributes:
        max_pixels: a source with larger pictures fails with a sentence.
        freeze_after: seconds with the same picture, or with a clock that stands still, until the
            source counts as stalled; longer than between two key frames.
        repair_wait: after a damaged picture the next key frame is awaited, this many seconds at
            most; what builds on the damage is dropped.
    """

    max_pixels: int = MAX_PIXELS
    freeze_after: float = 10.0
    repair_wait: float = 2.0


class PictureFlow:
    """Dates, numbers and checks the pictures of one connection and puts them into a mailbox."""

    def __init__(
        self,
        source_id: str,
        inbox: Inbox,
        board: StatusBoard,
        limits: PictureLimits,
        *,
        pixel_aspect: Callable[[], Fraction | None] = lambda: None,
        awaits_key_frame: bool = True,
    ) -> None:
        """Wait for the first picture.

        Args:
            source_id: for the frames.
            inbox: where they go.
            board: told when pictures come, freeze or change their size, and of damage.
            limits: see there.
            pixel_aspect: width by height of one pixel, asked once pictures come.
            awaits_key_frame: whether pictures before the first key frame are dropped.
        """
        self._source_id = source_id
        self._inbox = inbox
        self._board = board
        self._limits = limits
        self._pixel_aspect = pixel_aspect
        self._awaits_key_frame = awaits_key_frame
        self._clock = CaptureClock()
        self._freeze = FreezeWatch(limits.freeze_after)
        self._converter: RgbConverter | None = None
        self._index = 0
        self._last: tuple[float | None, float] | None = None
        self._media_time = 0.0
        self._corrupt = 0
        self._damaged_at: float | None = None
        self.last_picture_at = monotonic()

    @property
    def has_begun(self) -> bool:
        """Whether a picture came through yet."""
        return self._index > 0

    def damage(self) -> None:
        """Count something that could not be decoded; pictures after it wait for a key frame."""
        self._corrupt += 1
        self._board.count(corrupt=self._corrupt)
        if self._damaged_at is None:
            self._damaged_at = monotonic()

    def take(
        self,
        picture: VideoFrame,
        arrival: float,
        media_time: float | None,
        sender_time: float | None,
    ) -> None:
        """Pass one decoded picture on, or drop it if it shows damage.

        Args:
            picture: as decoded.
            arrival: when it was decoded, Unix seconds.
            media_time: its presentation time in seconds, from anywhere; None if it has none.
            sender_time: its time on the sender's clock, if known, Unix seconds.

        Raises:
            SourceError: pictures of this size are not taken.
        """
        captured_at = self._clock.captured_at(arrival, media_time, sender_time)
        if self._is_damaged(picture):
            return
        self._check_size(picture)
        now = monotonic()
        self.last_picture_at = now
        self._show(picture, self._freeze.look(picture, now, media_time))
        self._move_on(media_time, captured_at)
        self._inbox.put(self._pending(picture, self._index, captured_at))
        self._index += 1

    def _move_on(self, media_time: float | None, captured_at: float) -> None:
        """Advance the time since the first picture, by the pictures' own clock if it is sane."""
        if self._last is not None:
            last_media_time, last_captured_at = self._last
            step = -1.0
            if media_time is not None and last_media_time is not None:
                step = media_time - last_media_time
            if not 0 <= step <= MAX_STEP_S:
                step = max(captured_at - last_captured_at, 0.0)
            self._media_time += step
        self._last = media_time, captured_at

    def _is_damaged(self, picture: VideoFrame) -> bool:
        if picture.is_corrupt:
            self.damage()
            return True
        if picture.key_frame:
            self._damaged_at = None
        if self._awaits_key_frame and not self.has_begun and not picture.key_frame:
            return True
        if self._damaged_at is None:
            return False
        if monotonic() - self._damaged_at > self._limits.repair_wait:
            self._damaged_at = None
            return False
        self._corrupt += 1
        self._board.count(corrupt=self._corrupt)
        return True

    def _check_size(self, picture: VideoFrame) -> None:
        size = f"{picture.width}x{picture.height}"
        if picture.width * picture.height > self._limits.max_pixels:
            raise SourceError(f"its pictures of {size} are too large; choose a smaller stream")
        if min(picture.width, picture.height) < MIN_SIDE:
            raise SourceError(f"its pictures of {size} are too small to show anything")

    def _show(self, picture: VideoFrame, alarm: str | None) -> None:
        if alarm is None:
            size = f"{picture.width}x{picture.height}"
            self._board.show(SourceState.LIVE, f"Pictures of {size} come.")
        else:
            self._board.show(SourceState.STALLED, as_sentence(alarm))

    def _pending(self, picture: VideoFrame, index: int, captured_at: float) -> PendingFrame:
        if self._converter is None:
            self._converter = RgbConverter(self._pixel_aspect())
        converter, media_time = self._converter, self._media_time

        def convert() -> Frame | None:
            try:
                image = converter.convert(picture)
            except (FFmpegError, ValueError):
                return None
            return Frame(self._source_id, index, media_time, captured_at, image)

        return convert
