"""Deinterlaces pictures that are flagged as interlaced; others pass untouched."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Final

from av.filter import Graph
from av.video.frame import VideoFrame

MIN_HEIGHT: Final = 4  # pixels; bwdif takes no lower pictures
GRAPH_TIME_BASE: Final = Fraction(1, 1000)  # any: pictures get their own times back


class Deinterlacer:
    """One picture out for each one in, in order.

    FFmpeg's bwdif makes a whole picture of an interlaced one: of its first field, and of the
    second where nothing moves, which it learns from the pictures before and after. An interlaced
    picture therefore comes out when the next one is pushed, a progressive one at once. What comes
    out depends on the neighbours alone, so that reading may begin one picture before.
    """

    def __init__(self) -> None:
        self._before: VideoFrame | None = None
        self._filter: _Bwdif | None = None

    def push(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """Take the next picture; yield those that are ready."""
        if self._filter is not None and not self._filter.fits(picture):
            yield from self.flush()
        if _is_interlaced(picture):
            yield from self._started(picture).push(picture)
        else:
            if self._filter is not None:
                yield from self._filter.show(picture)
                self._filter = None
            yield picture
        self._before = picture

    def flush(self) -> Iterator[VideoFrame]:
        """Yield what waits for a next picture, when there is none."""
        if self._filter is not None:
            yield from self._filter.flush()
        self._filter = self._before = None

    def _started(self, picture: VideoFrame) -> "_Bwdif":
        """The filter, which has seen what came before the picture."""
        if self._filter is None:
            self._filter = _Bwdif(picture)
            if self._before is not None and self._filter.fits(self._before):
                self._filter.skip(self._before)
        return self._filter


class _Bwdif:
    """The filter for pictures of one size and format."""

    def __init__(self, like: VideoFrame) -> None:
        self._like = like
        self._waiting: deque[VideoFrame] = deque()
        self._to_skip = 0
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add_buffer(
            width=like.width, height=like.height, format=like.format, time_base=GRAPH_TIME_BASE
        )
        bwdif = self._graph.add("bwdif", mode="send_frame", parity="auto", deint="interlaced")
        self._graph.link_nodes(source, bwdif, self._graph.add("buffersink")).configure()

    def fits(self, picture: VideoFrame) -> bool:
        """Whether a picture has the size and format of the others."""
        like = self._like
        is_same_size = (picture.width, picture.height) == (like.width, like.height)
        return is_same_size and picture.format.name == like.format.name

    def push(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """Take a picture; yield those that are ready, with their own times."""
        self._waiting.append(picture)
        self._graph.vpush(picture)
        yield from self._ready()

    def skip(self, picture: VideoFrame) -> None:
        """Take a picture that is not to come out; the next ones need it as a neighbour."""
        self._to_skip += 1
        self._graph.vpush(picture)

    def show(self, picture: VideoFrame) -> Iterator[VideoFrame]:
        """Take the last picture's neighbour, which is not to come out; yield the last picture."""
        self._graph.vpush(picture)
        yield from self._ready()

    def flush(self) -> Iterator[VideoFrame]:
        """Yield the last picture, without a neighbour."""
        self._graph.vpush(None)
        yield from self._ready()

    def _ready(self) -> Iterator[VideoFrame]:
        with suppress(BlockingIOError, EOFError):  # it waits for the next picture, or has ended
            while self._waiting:
                picture = self._graph.vpull()
                if self._to_skip:
                    self._to_skip -= 1
                    continue
                original = self._waiting.popleft()
                picture.pts = original.pts
                if original.time_base is not None:
                    picture.time_base = original.time_base
                yield picture


def deinterlaced(pictures: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """Yield all pictures, the interlaced ones deinterlaced."""
    deinterlacer = Deinterlacer()
    for picture in pictures:
        yield from deinterlacer.push(picture)
    yield from deinterlacer.flush()


def _is_interlaced(picture: VideoFrame) -> bool:
    return picture.interlaced_frame and picture.height >= MIN_HEIGHT
