"""Near-twins made of pictures."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.near_twins import blend, draw_blot, make_twin, write_word
from training.data.prints import draw_family

pytestmark = pytest.mark.usefixtures("one_thread")


def picture(seed: int) -> NDArray[np.uint8]:
    return draw_family(seed, 1)[0]


@pytest.mark.parametrize("seed", range(12))
def test_a_twin_has_the_picture_s_shape_and_not_its_print(seed: int) -> None:
    image = picture(seed)
    twin = make_twin(image, [picture(50), picture(51)], np.random.default_rng(seed))
    assert twin.shape == image.shape
    assert twin.dtype == np.uint8
    assert (twin != image).any()


def test_the_same_seed_makes_the_same_twin() -> None:
    one, other = (make_twin(picture(0), [picture(9)], np.random.default_rng(4)) for _ in range(2))
    assert (one == other).all()


def test_a_twin_of_a_colourless_picture_can_be_made() -> None:
    grey = np.full((60, 40, 3), 128, np.uint8)
    twins = [make_twin(grey, [grey], np.random.default_rng(seed)) for seed in range(20)]
    assert any((twin != grey).any() for twin in twins)


def test_a_word_is_written_inside_the_picture_only() -> None:
    image = np.zeros((40, 30, 3), np.uint8)
    changed = [(write_word(image, np.random.default_rng(n)) != image).any() for n in range(12)]
    assert any(changed)
    assert not image.any()


def test_a_blot_covers_a_part() -> None:
    mask = draw_blot(50, 70, np.random.default_rng(2), 0.2, 0.5)
    assert mask.shape == (50, 70, 1)
    assert 0 <= mask.min() < 0.5 < mask.max() <= 1
    white = np.full((50, 70, 3), 255, np.uint8)
    assert (blend(white, np.zeros_like(white), mask)[mask[..., 0] == 0] == 255).all()
