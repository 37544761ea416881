"""Upright RGB from decoded pictures."""

from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from stream.decode.pixel_shape import PixelShape
from stream.decode.pixels import RgbConverter


@pytest.mark.parametrize("space", [Colorspace.ITU709, Colorspace.ITU601])
def test_colours_survive_in_both_video_colour_spaces(space: Colorspace) -> None:
    image = np.full((48, 64, 3), (200, 40, 30), np.uint8)
    frame = VideoFrame.from_ndarray(image, "rgb24").reformat(
        format="yuv420p", dst_colorspace=space, dst_color_range=ColorRange.MPEG
    )
    difference = RgbConverter().convert(frame, PixelShape()).astype(int) - image
    assert np.abs(difference).max() <= 3


def test_pixels_that_are_not_square_are_stretched() -> None:
    frame = VideoFrame.from_ndarray(np.zeros((576, 720, 3), np.uint8), "rgb24")
    assert RgbConverter().convert(frame, PixelShape(Fraction(64, 45))).shape == (576, 1024, 3)
