"""Converts decoded pictures to upright RGB arrays; nothing else knows about pixel formats."""

from fractions import Fraction
from typing import Final

import cv2
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

# Pixels; players assume BT.709 from this height on, BT.601 below, where a video declares nothing.
HD_HEIGHT: Final = 720
UNSPECIFIED_COLORSPACE: Final = 2  # FFmpeg's AVCOL_SPC_UNSPECIFIED
# Width by height of one pixel; real formats stay below 2.3, what is beyond this is a broken header.
MAX_PIXEL_ASPECT: Final = 4


class RgbConverter:
    """Converts frames of one stream; keeps the scaler between frames."""

    def __init__(self, pixel_aspect: Fraction | None) -> None:
        """Make a converter.

        Args:
            pixel_aspect: width by height of one pixel; None means square.
        """
        self._reformatter = VideoReformatter()
        self._pixel_aspect = _plausible(pixel_aspect)
        self._matrix: NDArray[np.int32] | None = None
        self._rotation: int | None = None

    def convert(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Return the picture as (H, W, 3) uint8 RGB, contiguous, upright, with square pixels."""
        rgb = self._reformatter.reformat(
            frame,
            width=max(round(frame.width * self._pixel_aspect), 1),
            format="rgb24",
            src_colorspace=_colorspace(frame),
            threads=1,
        )
        return turn_upright(np.asarray(rgb.to_ndarray(), dtype=np.uint8), self._display(frame))

    def _display(self, frame: VideoFrame) -> NDArray[np.int32] | None:
        """The display matrix, read again only when the rotation changes.

        Reading a frame's side data ties it into a reference cycle, so that frames would pile up by
        the hundred until the next garbage collection.
        """
        if frame.rotation != self._rotation:
            self._rotation = frame.rotation
            self._matrix = display_matrix(frame)
        return self._matrix


def display_matrix(frame: VideoFrame) -> NDArray[np.int32] | None:
    """Return the (2, 2) part of a frame's display matrix that rotates and mirrors, if any."""
    side_data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(side_data, SideData):
        return None
    matrix = np.frombuffer(bytes(side_data), dtype=np.int32, count=9).reshape(3, 3)
    return matrix[:2, :2].copy()


def turn_upright(image: NDArray[np.uint8], matrix: NDArray[np.int32] | None) -> NDArray[np.uint8]:
    """Apply a display matrix, rounded to quarter turns.

    Args:
        image: (H, W, 3) uint8.
        matrix: (2, 2); a point (x, y) goes to (x, y) @ matrix, y pointing down.
    """
    if matrix is None or not matrix.any():
        return np.ascontiguousarray(image)
    (a, b), (c, d) = matrix.tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _flipped(image, across=a < 0, down=d < 0)
    return _flipped(np.asarray(cv2.transpose(image), np.uint8), across=c < 0, down=b < 0)


def _flipped(image: NDArray[np.uint8], *, across: bool, down: bool) -> NDArray[np.uint8]:
    if not across and not down:
        return np.ascontiguousarray(image)
    code = -1 if across and down else int(across)
    return np.asarray(cv2.flip(image, code), np.uint8)


def _colorspace(frame: VideoFrame) -> int:
    """The declared colour space, or the one that players assume without a declaration."""
    if frame.colorspace != UNSPECIFIED_COLORSPACE:
        return int(frame.colorspace)
    return int(Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601)


def _plausible(pixel_aspect: Fraction | None) -> Fraction:
    if not pixel_aspect or not Fraction(1, MAX_PIXEL_ASPECT) <= pixel_aspect <= MAX_PIXEL_ASPECT:
        return Fraction(1)
    return pixel_aspect
