"""Applies a table of colours to pictures, with FFmpeg's filter for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from tempfile import NamedTemporaryFile
from typing import Final

import cv2
import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from stream.decode.colour_table import Colours
from stream.errors import SourceError

TABLE_FORMAT: Final = "gbrp16le"  # the one that the filter is quickest with
GRAPH_TIME_BASE: Final = Fraction(1, 1000)  # any: no filter here looks at times
EIGHT_OF_SIXTEEN_BITS: Final = 1 / 257


class ToneMap:
    """Takes pictures of one size to a standard screen's colours."""

    def __init__(self, table: Colours, width: int, height: int) -> None:
        """Prepare the filter.

        Args:
            table: (N, N, N, 3) by blue, green, red, all in [0, 1].
            width: pixels of all pictures.
            height: pixels of all pictures.

        Raises:
            SourceError: the table, about a megabyte, cannot be written to a temporary file.
        """
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add_buffer(
            width=width, height=height, format=VideoFormat(TABLE_FORMAT), time_base=GRAPH_TIME_BASE
        )
        with _cube_file(table) as path:
            table_filter = self._graph.add("lut3d", file=path, interp="tetrahedral")
        self._graph.link_nodes(source, table_filter, self._graph.add("buffersink")).configure()

    def apply(self, picture: VideoFrame) -> NDArray[np.uint8]:
        """Return a picture of `TABLE_FORMAT` as (H, W, 3) uint8 RGB."""
        self._graph.vpush(picture)
        green, blue, red = self._graph.vpull().planes
        return np.asarray(cv2.merge([_eight_bits(plane) for plane in (red, green, blue)]), np.uint8)


def cube_text(table: Colours) -> str:
    """The table as a .cube file has it."""
    rows = "\n".join(
        f"{red:.5f} {green:.5f} {blue:.5f}" for red, green, blue in table.reshape(-1, 3)
    )
    return f"LUT_3D_SIZE {len(table)}\n{rows}\n"


@contextmanager
def _cube_file(table: Colours) -> Iterator[str]:
    """A temporary file with the table, because the filter reads nothing else."""
    try:
        with NamedTemporaryFile("w", suffix=".cube") as file:
            file.write(cube_text(table))
            file.flush()
            yield file.name
    except OSError as error:
        raise SourceError(
            "its colours need a temporary file of a megabyte, which cannot be written "
            f"({error.strerror}); free some space in the folder for temporary files"
        ) from error


def _eight_bits(plane: VideoPlane) -> NDArray[np.uint8]:
    rows = np.frombuffer(memoryview(plane), np.uint16).reshape(plane.height, -1)[:, : plane.width]
    return np.asarray(cv2.convertScaleAbs(rows, alpha=EIGHT_OF_SIXTEEN_BITS), np.uint8)
