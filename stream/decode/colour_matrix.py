"""By which matrix a picture's luma and colour differences become red, green and blue."""

from typing import Final

from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, Colorspace

from stream.errors import SourceError

# Pixels; players assume BT.709 from this height on, BT.601 below, where a video declares nothing.
HD_HEIGHT: Final = 720
# Numbers of ITU-T H.273, as FFmpeg has them.
KNOWN_MATRICES: Final = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,  # of constant luminance; too rare for a matrix of its own
}
# RGB, which says nothing about other pictures; unspecified; reserved.
UNDECLARED: Final = (0, 2, 3)
DERIVED_FROM_PRIMARIES: Final = (12, 13)  # no matrix of their own: numbers of H.273, too


def colour_matrix(frame: VideoFrame) -> Colorspace:
    """Return the declared matrix, or the one that players assume without a declaration.

    Raises:
        SourceError: the matrix is one that FFmpeg's scaler does not know (YCgCo, ICtCp and such).
    """
    number = frame.colorspace
    if number in KNOWN_MATRICES:
        return KNOWN_MATRICES[number]
    if number in DERIVED_FROM_PRIMARIES and frame.color_primaries == ColorPrimaries.BT2020:
        return Colorspace.BT2020
    if number in UNDECLARED or number in DERIVED_FROM_PRIMARIES or frame.format.is_rgb:
        return Colorspace.ITU709 if frame.height >= HD_HEIGHT else Colorspace.ITU601
    raise SourceError(
        f"its colours are coded in a way that is not known here (matrix {number} of ITU-T H.273); "
        "set BT.709 or convert it"
    )
