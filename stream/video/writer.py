"""Writes a video that browsers play."""

from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final, Self

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from stream.errors import WriterError

TICKS_PER_SECOND: Final = 90_000  # MPEG's clock
BT709: Final = 1  # the number of ITU-R BT.709 in H.264 (ITU-T H.273)
MAX_RATE_DENOMINATOR: Final = 1001  # of NTSC's 30000/1001
KEY_FRAME_INTERVAL_S: Final = 2  # players seek to key frames
# Without B-frames, decoding order is presentation order, so that the container's duration is right
# also when times are uneven.
ENCODER_OPTIONS: Final = {"preset": "veryfast", "crf": "20", "bf": "0"}
MUXER_OPTIONS: Final = {"movflags": "+faststart", "video_track_timescale": str(TICKS_PER_SECOND)}


class VideoWriter:
    """Writes an H.264 MP4; a context manager.

    The file appears under its name, whole, when the writer closes; until then there is only a
    hidden file beside it, which is removed if the body raises. Frames keep their own times.
    """

    def __init__(
        self,
        path: Path,
        width: int,
        height: int,
        frame_rate: float,
        *,
        threads: int = 2,
        options: Mapping[str, str] = ENCODER_OPTIONS,
    ) -> None:
        """Open the hidden file.

        Args:
            path: the video; an older file there is replaced at the end.
            width: pixels; an odd width grows by one, because H.264 wants pairs of pixels.
            height: pixels; an odd height grows by one.
            frame_rate: frames per second on average, for the encoder's planning; frames are shown
                at their own times.
            threads: for encoding.
            options: of libx264.

        Raises:
            WriterError: the folder is missing, read-only, or the path cannot be replaced.
            ValueError: a size or rate is not positive.
        """
        if width < 1 or height < 1 or not 0 < frame_rate < TICKS_PER_SECOND:
            raise ValueError(f"cannot write video of {width}x{height} at {frame_rate} per second")
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._size = (width, height)
        self._step = max(round(TICKS_PER_SECOND / frame_rate), 1)
        self._last_tick: int | None = None
        self._reformatter = VideoReformatter()
        self._is_open = False
        self._check_place()
        try:
            self._part.write_bytes(b"")  # FFmpeg opens it only with the first frame: too late
            self._container = av.open(
                f"file:{self._part}", mode="w", format="mp4", options=MUXER_OPTIONS
            )
            self._is_open = True
            self._stream = self._add_stream(frame_rate, threads, options)
        except (FFmpegError, OSError) as error:
            self.discard()
            self._remove_part()
            raise self._failure(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, image: NDArray[np.uint8], media_time: float) -> None:
        """Add a frame; blocks while it encodes.

        Args:
            image: (H, W, 3) uint8 RGB; one of another size than the video's is scaled to fit, on
                black.
            media_time: seconds from the video's start; a time that is not after the last frame's
                is moved just behind it.

        Raises:
            WriterError: the disk is full or was removed; the hidden file is deleted.
        """
        frame = self._reformatter.reformat(
            VideoFrame.from_ndarray(self._fit(image), "rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        frame.pts = self._next_tick(media_time)
        frame.duration = self._step
        frame.time_base = Fraction(1, TICKS_PER_SECOND)
        self._encode(frame)

    def close(self) -> None:
        """Finish the file and give it its name; safe to call twice.

        Raises:
            WriterError: no frame was written, or the disk is full.
        """
        if not self._is_open:
            return
        if self._last_tick is None:
            self.discard()
            raise WriterError(f"{self._path} was not written, because there was no frame for it")
        self._encode(None)
        self._is_open = False
        try:
            self._container.close()
            self._part.replace(self._path)
        except (FFmpegError, OSError) as error:
            self._remove_part()
            raise self._failure(error) from error

    def discard(self) -> None:
        """Abandon the video and remove the hidden file; safe to call at any time."""
        if not self._is_open:
            return
        self._is_open = False
        with suppress(FFmpegError):
            self._container.close()
        self._remove_part()

    def _add_stream(
        self, frame_rate: float, threads: int, options: Mapping[str, str]
    ) -> VideoStream:
        rate = Fraction(frame_rate).limit_denominator(MAX_RATE_DENOMINATOR)
        stream = self._container.add_stream("libx264", rate=rate, options=dict(options))
        width, height = self._size
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = Fraction(1, TICKS_PER_SECOND)
        context.thread_count = threads
        context.gop_size = max(round(KEY_FRAME_INTERVAL_S * frame_rate), 1)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = ColorRange.MPEG
        return stream

    def _encode(self, frame: VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except FFmpegError as error:
            self.discard()
            raise self._failure(error) from error

    def _next_tick(self, media_time: float) -> int:
        tick = round(media_time * TICKS_PER_SECOND)
        if self._last_tick is not None:
            tick = max(tick, self._last_tick + 1)
        self._last_tick = tick
        return tick

    def _fit(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The image at the encoder's even size."""
        width, height = self._size
        if image.shape[:2] != (height, width):
            image = _letterbox(image, width, height)
        if width % 2 == 0 and height % 2 == 0:
            return image
        padded = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        return np.asarray(padded, np.uint8)

    def _check_place(self) -> None:
        if self._path.is_dir():
            raise WriterError(f"{self._path} is a folder; name a file for the video")
        if not self._path.parent.is_dir():
            raise WriterError(f"{self._path} cannot be written: there is no such folder; make it")

    def _remove_part(self) -> None:
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _failure(self, error: FFmpegError | OSError) -> WriterError:
        return WriterError(
            f"{self._path} cannot be written ({error.strerror}); free some space there or choose "
            "another folder"
        )


def _letterbox(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The image scaled to fit, centred on black."""
    scale = min(width / image.shape[1], height / image.shape[0])
    fit = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - fit[0]) // 2, (height - fit[1]) // 2
    canvas[top : top + fit[1], left : left + fit[0]] = cv2.resize(image, fit, interpolation=method)
    return canvas
