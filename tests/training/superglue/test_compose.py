import numpy as np
import pytest
from numpy.typing import NDArray

from training.superglue.compose import UNKNOWN, Composer
from training.superglue.things import FlatThing


def thing(reference: int, photo: bool = False) -> FlatThing:
    rng = np.random.default_rng(reference)
    image = np.repeat(np.repeat(rng.integers(0, 255, (12, 9, 3), np.uint8), 20, 0), 20, 1)
    whole = np.full(image.shape[:2], 255, np.uint8)
    surface = np.zeros_like(whole)
    surface[60:180, 40:140] = 255
    return FlatThing(reference, image, whole, surface if photo else whole, np.eye(3), photo)


def carried(homography: NDArray[np.float64], x: float, y: float) -> tuple[int, int]:
    moved = homography @ np.array([x, y, 1.0])
    return round(moved[0] / moved[2]), round(moved[1] / moved[2])


def test_what_a_thing_owns_lies_where_its_homography_says() -> None:
    composer = Composer([thing(0)], np.random.default_rng(3))
    seen = 0
    for _ in range(12):
        scene = composer.scene()
        (placed,) = scene.placed
        height, width = scene.owner.shape
        for x, y in ((90.0, 120.0), (20.0, 20.0), (160.0, 220.0)):
            column, row = carried(placed.homography, x, y)
            if 0 <= column < width and 0 <= row < height:
                seen += 1
                assert scene.owner[row, column] == 1
    assert seen > 12


def test_a_thing_is_shown_at_most_once_in_a_scene() -> None:
    composer = Composer([thing(number) for number in range(3)], np.random.default_rng(0))
    for _ in range(20):
        shown = [thing.reference for thing in composer.scene().placed]
        assert len(set(shown)) == len(shown)


def test_what_surrounds_a_product_in_a_real_photo_is_unknown() -> None:
    composer = Composer([thing(0), thing(1, photo=True)], np.random.default_rng(1))
    photos = [s for s in (composer.scene() for _ in range(20)) if s.placed[0].photo]
    assert photos
    assert any((scene.owner == UNKNOWN).any() for scene in photos)
    assert all(len(scene.placed) == 1 for scene in photos)


def test_scenes_of_the_same_seed_are_the_same() -> None:
    first, second = (
        Composer([thing(0), thing(1)], np.random.default_rng(5)).scene() for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)


@pytest.mark.parametrize("seed", range(4))
def test_scenes_have_the_size_of_phone_pictures(seed: int) -> None:
    image = Composer([thing(0)], np.random.default_rng(seed)).scene().image
    assert 200 <= min(image.shape[:2]) <= max(image.shape[:2]) <= 640
