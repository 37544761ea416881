import numpy as np
import pytest

from bench.crops.thumbnail.baselines import centre_crops, entropy_crops, spectral_crops
from matcher.crops.thumbnail.aspect import Aspect
from matcher.imaging.box import Box

ASPECTS = (Aspect.parse("1:1"), Aspect.parse("9:16"))


def test_the_centre_crop_looks_at_nothing() -> None:
    square, tall = centre_crops(np.zeros((90, 160, 3), np.uint8), ASPECTS)
    assert square == Box(35, 0, 125, 90)
    assert (tall.left + tall.right) / 2 == pytest.approx(80, abs=1)


def test_the_others_find_a_thing_at_the_side() -> None:
    image = np.full((90, 160, 3), 120, np.uint8)
    image[30:60, 125:150] = np.random.default_rng(0).integers(0, 256, (30, 25, 3))
    for crops in (spectral_crops, entropy_crops):
        for box in crops(image, ASPECTS):
            assert box.intersection(Box(125, 30, 150, 60)) > 0.5 * 30 * 25
