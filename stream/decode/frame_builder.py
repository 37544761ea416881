"""From decoded pictures of a live connection to frames in a mailbox."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stream.decode.capture_clock import CaptureClock
from stream.decode.deinterlacer import Deinterlacer
from stream.decode.freeze_detector import FreezeDetector, FreezeSettings
from stream.decode.pixel_shape import PixelShape
from stream.decode.pixels import RgbConverter
from stream.errors import SourceError
from stream.frame import Frame
from stream.mailbox import Inbox, PendingFrame
from stream.status import SourceState, StatusReporter, to_sentence

MAX_STEP_S: Final = 2.0  # between two pictures; a larger step of their clock is a jump


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """Bounds on the pictures of a live source.

    Attributes:
        max_pixels: width times height (4K with a margin); larger pictures fail the source, because
            one of them would occupy a core.
        min_side: pixels; smaller pictures fail the source, because they show nothing.
        repair_wait: seconds that pictures after a damaged one are dropped at most, while they wait
            for the next key frame.
        freeze: when pictures count as frozen, and the source as stalled.
    """

    max_pixels: int = 4096 * 2304
    min_side: int = 16
    repair_wait: float = 2.0
    freeze: FreezeSettings = field(default_factory=FreezeSettings)


@dataclass(frozen=True, slots=True)
class _Times:
    """When a picture was captured, until it comes out of the deinterlacer."""

    media_time: float
    captured_at: float


class FrameBuilder:
    """Makes frames of one connection's pictures: checks, dates and numbers them."""

    def __init__(
        self,
        source_id: str,
        inbox: Inbox,
        reporter: StatusReporter,
        limits: FrameLimits,
        *,
        pixel_shape: Callable[[], PixelShape] = PixelShape,
        awaits_key_frame: bool = True,
    ) -> None:
        """Prepare for the first picture.

        Args:
            source_id: of the frames.
            inbox: receives the frames.
            reporter: gets the status: pictures come, freeze, change their size, are damaged.
            limits: bounds on the pictures.
            pixel_shape: returns that of the picture just decoded; called for each.
            awaits_key_frame: whether pictures before the first key frame are dropped.
        """
        self._source_id = source_id
        self._inbox = inbox
        self._reporter = reporter
        self._limits = limits
        self._pixel_shape = pixel_shape
        self._awaits_key_frame = awaits_key_frame
        self._clock = CaptureClock()
        self._freeze_detector = FreezeDetector(limits.freeze)
        self._deinterlacer = Deinterlacer()
        self._times: deque[_Times] = deque()
        self._converter = RgbConverter()
        self._fault: str | None = None
        self._index = 0
        self._last: tuple[float | None, float, float] | None = None
        self._media_time = 0.0
        self._corrupt = 0
        self._damaged_at: float | None = None
        self.last_picture_at = monotonic()

    @property
    def has_begun(self) -> bool:
        """Whether a picture was good for a frame yet."""
        return self._last is not None

    def note_damage(self) -> None:
        """Count data that could not be decoded; pictures after it wait for a key frame."""
        self._count_corrupt()
        if self._damaged_at is None:
            self._damaged_at = monotonic()

    def add(
        self,
        picture: VideoFrame,
        arrival: float,
        media_time: float | None,
        sender_time: float | None,
    ) -> None:
        """Put one decoded picture into the mailbox as a frame, or drop it if it shows damage.

        An interlaced picture becomes a frame when the next one comes.

        Args:
            picture: as decoded.
            arrival: when it was decoded, Unix seconds.
            media_time: its presentation time in seconds, from anywhere; None if it has none.
            sender_time: its time on the sender's clock, if known, Unix seconds.

        Raises:
            SourceError: the picture is too large or too small.
        """
        now = monotonic()
        captured_at = self._clock.captured_at(arrival, media_time, sender_time, now)
        if self._is_damaged(picture):
            return
        self._check_size(picture)
        self.last_picture_at = now
        frozen = self._freeze_detector.check(picture, now, media_time)
        self._report(picture, self._fault or frozen)
        self._advance(media_time, captured_at, now)
        self._times.append(_Times(self._media_time, captured_at))
        self._hand_over(picture, self._pixel_shape())

    def _hand_over(self, picture: VideoFrame, shape: PixelShape) -> None:
        """Put the pictures that are ready into the mailbox: as a rule this one."""
        pictures = [picture] if shape.comes_in_fields else self._deinterlacer.push(picture)
        for ready in pictures:
            self._inbox.put(self._pending(ready, shape, self._index, self._times.popleft()))
            self._index += 1

    def _advance(self, media_time: float | None, captured_at: float, now: float) -> None:
        """Advance the time since the first picture, by the pictures' own clock if it is sane."""
        if self._last is not None:
            last_media_time, last_captured_at, last_at = self._last
            step = -1.0
            if media_time is not None and last_media_time is not None:
                step = media_time - last_media_time
            if not 0 <= step <= MAX_STEP_S:
                # By a clock that may be set at any time: that makes no hours pass.
                passed = now - last_at + MAX_STEP_S
                step = min(max(captured_at - last_captured_at, 0.0), passed)
            self._media_time += step
        self._last = media_time, captured_at, now

    def _is_damaged(self, picture: VideoFrame) -> bool:
        if picture.is_corrupt:
            self.note_damage()
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
        self._count_corrupt()
        return True

    def _count_corrupt(self) -> None:
        self._corrupt += 1
        self._reporter.count(corrupt=self._corrupt)

    def _check_size(self, picture: VideoFrame) -> None:
        size = f"{picture.width}x{picture.height}"
        if picture.width * picture.height > self._limits.max_pixels:
            raise SourceError(f"its pictures of {size} are too large; choose a smaller stream")
        if min(picture.width, picture.height) < self._limits.min_side:
            raise SourceError(f"its pictures of {size} are too small to show anything")

    def _report(self, picture: VideoFrame, fault: str | None) -> None:
        if fault is None:
            size = f"{picture.width}x{picture.height}"
            self._reporter.report(SourceState.LIVE, f"Pictures of {size} come.")
        else:
            self._reporter.report(SourceState.STALLED, to_sentence(fault))

    def _pending(
        self, picture: VideoFrame, shape: PixelShape, index: int, times: _Times
    ) -> PendingFrame:
        def convert() -> Frame | None:
            image = self._convert(picture, shape)
            if image is None:
                return None
            return Frame(self._source_id, index, times.media_time, times.captured_at, image)

        return convert

    def _convert(self, picture: VideoFrame, shape: PixelShape) -> NDArray[np.uint8] | None:
        """Convert in the consumer's thread; a fault is reported with the next picture."""
        try:
            image = self._converter.convert(picture, shape)
        except SourceError as error:
            self._fault = str(error)
            return None
        self._fault = None
        return image
