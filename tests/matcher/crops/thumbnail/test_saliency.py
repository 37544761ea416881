import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.thumbnail.saliency import (
    centre_prior,
    colour_contrast,
    feature_saliency,
    plain_saliency,
    spectral_residual,
)


def with_a_thing(left: int, top: int) -> NDArray[np.uint8]:
    image = np.full((120, 160, 3), (90, 120, 90), np.uint8)
    rng = np.random.default_rng(1)
    image[top : top + 30, left : left + 30] = rng.integers(0, 256, (30, 30, 3))
    return image


@pytest.mark.parametrize(("left", "top"), [(20, 20), (100, 70)])
def test_a_thing_on_plain_ground_draws_the_eye(left: int, top: int) -> None:
    map_ = plain_saliency(with_a_thing(left, top))
    assert map_.sum() == pytest.approx(1, abs=1e-4)
    down, across = np.unravel_index(map_.argmax(), map_.shape)
    scale = 160 / map_.shape[1]
    assert left - 8 <= across * scale <= left + 38
    assert top - 8 <= down * scale <= top + 38


def test_features_unlike_the_border_draw_the_eye() -> None:
    values = np.zeros((8, 10, 4), np.float32)
    values[3:5, 6:8] = 3
    map_ = feature_saliency(values)
    assert map_.sum() == pytest.approx(1, abs=1e-4)
    assert map_[3:5, 6:8].sum() == pytest.approx(1, abs=1e-4)


def test_one_colour_has_no_place_that_stands_out() -> None:
    plain = plain_saliency(np.full((40, 60, 3), 128, np.uint8))
    even = feature_saliency(np.ones((4, 6, 3), np.float32))
    for map_ in (plain, even):
        assert np.isfinite(map_).all()
        assert map_.sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 400), (400, 1), (33, 17)])
def test_odd_sizes_have_a_map(height: int, width: int) -> None:
    map_ = plain_saliency(np.zeros((height, width, 3), np.uint8))
    assert np.isfinite(map_).all()


def test_parts_are_between_0_and_1() -> None:
    image = with_a_thing(60, 40)
    for map_ in (spectral_residual(image[..., 0], 64), colour_contrast(image, 64)):
        assert map_.min() >= 0
        assert map_.max() == pytest.approx(1)
    assert centre_prior((5, 7)).argmax() == 17
