import numpy as np
import pytest

from matcher.crops.locate.geometry import PixelSize
from matcher.crops.locate.pictures import searched_copy
from matcher.crops.locate.pyramid import PicturePyramid


def ramp(width: int, height: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Red tells the column, green the row, as shares of the picture."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(0, 255, width).round()[None, :]
    image[..., 1] = np.linspace(0, 255, height).round()[:, None]
    return image


@pytest.mark.parametrize("wanted", [(40, 30), (160, 120), (900, 700)])
def test_a_part_cut_at_any_size_lies_where_it_says(wanted: tuple[int, int]) -> None:
    width, height = 1801, 1403
    pyramid = PicturePyramid.of(ramp(width, height))
    part = pyramid.cut(np.array([400.0, 200.0]), np.array([1300.0, 900.0]), PixelSize(*wanted))
    ys, xs = np.mgrid[0 : part.image.shape[0], 0 : part.image.shape[1]] + 0.5
    right = (xs + part.origin[0]) / part.factors[0] / width * 255
    down = (ys + part.origin[1]) / part.factors[1] / height * 255
    assert np.abs(part.image[..., 0] - right).max() < 1.5
    assert np.abs(part.image[..., 1] - down).max() < 1.5


def test_a_mirrored_picture_of_odd_width_is_exact() -> None:
    mirrored = PicturePyramid.of(ramp(1001, 700)).mirrored()
    assert np.array_equal(mirrored.image, ramp(1001, 700)[:, ::-1])


def test_the_copy_that_is_searched_says_how_it_was_reduced() -> None:
    copy = searched_copy(ramp(5001, 4001))
    xs = (np.arange(copy.image.shape[1]) + 0.5) / copy.factors[0]
    assert np.abs(copy.image[0, :, 0] - xs / 5001 * 255).max() < 1.5
    assert copy.image.shape[0] * copy.image.shape[1] <= 1_010_000
