"""A video file as frames: every one, in presentation order, numbered and timed."""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from stream.decode.deinterlacer import deinterlaced
from stream.decode.pixel_shape import PixelShape, pixel_shape
from stream.decode.pixels import RgbConverter
from stream.errors import SourceError
from stream.frame import Frame
from stream.video.clock import PresentationClock
from stream.video.decoder import SeekPoint, VideoDecoder, undecodable_error

SEEK_POINT_SPACING: Final = 250  # frames, 10 s at 25 per second: what a resumed job decodes again


class FileSource:
    """A video file as a source of frames.

    Attributes:
        width: pixels of the first frame, upright.
        height: pixels of the first frame, upright.
        frame_rate: frames per second on average, as declared by the file; 25 without a declaration.
        duration: seconds as declared by the file; None without a declaration.
        frame_count_estimate: about how many frames there are; None if the file declares nothing.
        damaged_packets: packets that could not be decoded; known after a reading to the end.
        truncated: whether the file ends early; known after a reading to the end.
    """

    def __init__(self, path: Path, *, threads: int = 2) -> None:
        """Open the file once, read its header and decode its first frame.

        Args:
            path: any container that FFmpeg reads; GIFs and single pictures count.
            threads: for decoding the slices of one frame.

        Raises:
            stream.errors.SourceError: there is no such file, or no picture in it.
        """
        self._path = path
        self._threads = threads
        self._seek_points: list[SeekPoint] = []
        self._is_closed = False
        self.damaged_packets = 0
        self.truncated = False
        with VideoDecoder(path, threads=1) as decoding:
            first = next(decoding.pictures(), None)
            if first is None:
                raise undecodable_error(path)
            shape = pixel_shape(decoding.stream)
            self.height, self.width = self._converted(RgbConverter(), first, shape).shape[:2]
            self.frame_rate = float(decoding.rate)
            self.duration = decoding.duration
            self.frame_count_estimate = decoding.frame_count_estimate

    @property
    def source_id(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def note(self) -> str | None:
        """One sentence about damage in the part of the file read so far; None without damage."""
        if self.truncated:
            return f"{self._path} ends early; every frame before the cut was read"
        if self.damaged_packets:
            return f"{self._path} is damaged in {self.damaged_packets} places; they were left out"
        return None

    def frames(self, start_index: int = 0, seek_point: SeekPoint | None = None) -> Iterator[Frame]:
        """Yield every frame from an index on, numbered as in a reading from the start.

        Earlier frames are decoded and dropped, unless a seek point (of this or of an earlier
        reading of the same file) allows a jump. Blocks while it decodes; memory does not grow
        with the length of the file. A cut or damaged file yields what can be decoded; see `note`.

        Raises:
            stream.errors.SourceError: the file cannot be opened any more, or not one frame of it
                can be decoded.
        """
        point = self._best_point(start_index, seek_point)
        if point is not None and (yield from self._frames_after(start_index, point)):
            return
        yield from self._frames_after(start_index, None)

    def seek_point(self, index: int) -> SeekPoint | None:
        """Return the last known seek point before a frame; None means the start.

        Before, because an interlaced picture needs the one before it as its neighbour.
        Points become known while frames are read. They are plain numbers, fit for a checkpoint.
        """
        return max(
            (point for point in self._seek_points if point.index < index),
            key=lambda point: point.index,
            default=None,
        )

    def close(self) -> None:
        """End running iterators at their next frame; safe to call twice."""
        self._is_closed = True

    def _best_point(self, index: int, given: SeekPoint | None) -> SeekPoint | None:
        known = self.seek_point(index)
        if given is None or given.index >= index:
            return known
        return given if known is None or given.index > known.index else known

    def _frames_after(self, start: int, point: SeekPoint | None) -> Generator[Frame, None, bool]:
        """Yield frames from `start` on; return False, without any, if the point is not found."""
        with VideoDecoder(self._path, self._threads) as decoding:
            if point is not None and not decoding.seek(point):
                return False
            clock = decoding.clock(point)
            converter = RgbConverter()
            index = -1
            for index, picture in enumerate(_whole_pictures(decoding), point.index if point else 0):
                if self._is_closed:
                    return True
                seconds = clock.seconds(picture.pts)
                self._remember(index, picture, decoding, clock)
                if index >= start:
                    image = self._converted(converter, picture, pixel_shape(decoding.stream))
                    yield Frame(self.source_id, index, seconds, seconds, image)
            if index < 0:
                raise undecodable_error(self._path)
            self.damaged_packets = decoding.damaged_packets
            self.truncated = decoding.is_truncated
        return True

    def _converted(
        self, converter: RgbConverter, picture: VideoFrame, shape: PixelShape
    ) -> NDArray[np.uint8]:
        try:
            return converter.convert(picture, shape)
        except SourceError as error:
            raise SourceError(f"{self._path} cannot be shown: {error}") from error

    def _remember(
        self, index: int, picture: VideoFrame, decoding: VideoDecoder, clock: PresentationClock
    ) -> None:
        pts, dts, origin = picture.pts, decoding.key_dts(picture), clock.origin
        last = self._seek_points[-1].index if self._seek_points else 0
        if index < last + SEEK_POINT_SPACING or pts is None or dts is None or origin is None:
            return
        self._seek_points.append(SeekPoint(index, pts, dts, origin))


def _whole_pictures(decoding: VideoDecoder) -> Iterator[VideoFrame]:
    """The pictures, deinterlaced unless they come field by field."""
    pictures = decoding.pictures()
    return pictures if pixel_shape(decoding.stream).comes_in_fields else deinterlaced(pictures)
