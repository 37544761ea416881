"""Upright RGB from decoded pictures."""

from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from stream.decode.pixels import RgbConverter, turn_upright

CORNERS = np.array([[[1], [2]], [[3], [4]], [[5], [6]]], np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (None, [[1, 2], [3, 4], [5, 6]]),
        ([[65536, 0], [0, 65536]], [[1, 2], [3, 4], [5, 6]]),
        ([[0, 65536], [-65536, 0]], [[5, 3, 1], [6, 4, 2]]),
        ([[-65536, 0], [0, -65536]], [[6, 5], [4, 3], [2, 1]]),
        ([[0, -65536], [65536, 0]], [[2, 4, 6], [1, 3, 5]]),
        ([[-65536, 0], [0, 65536]], [[2, 1], [4, 3], [6, 5]]),
        ([[0, 65536], [65536, 0]], [[1, 3, 5], [2, 4, 6]]),
        ([[0, 0], [0, 0]], [[1, 2], [3, 4], [5, 6]]),
    ],
)
def test_a_display_matrix_turns_and_mirrors(
    matrix: list[list[int]] | None, expected: list[list[int]]
) -> None:
    given = None if matrix is None else np.array(matrix, np.int32)
    turned = turn_upright(CORNERS, given)
    assert turned[:, :, 0].tolist() == expected
    assert turned.flags.c_contiguous


@pytest.mark.parametrize("space", [Colorspace.ITU709, Colorspace.ITU601])
def test_colours_survive_in_both_video_colour_spaces(space: Colorspace) -> None:
    image = np.full((48, 64, 3), (200, 40, 30), np.uint8)
    frame = VideoFrame.from_ndarray(image, "rgb24").reformat(
        format="yuv420p", dst_colorspace=space, dst_color_range=ColorRange.MPEG
    )
    difference = RgbConverter(None).convert(frame).astype(int) - image
    assert np.abs(difference).max() <= 3


def test_pixels_that_are_not_square_are_stretched() -> None:
    frame = VideoFrame.from_ndarray(np.zeros((576, 720, 3), np.uint8), "rgb24")
    assert RgbConverter(Fraction(64, 45)).convert(frame).shape == (576, 1024, 3)


def test_a_senseless_pixel_shape_is_ignored() -> None:
    frame = VideoFrame.from_ndarray(np.zeros((20, 30, 3), np.uint8), "rgb24")
    assert RgbConverter(Fraction(1, 1000)).convert(frame).shape == (20, 30, 3)
