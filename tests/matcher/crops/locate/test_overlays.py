import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.locate import CropLocator
from matcher.crops.locate.alignment.overlays import find_overlay
from tests.matcher.crops.locate.scenes import encoded, scene

Image = NDArray[np.uint8]


def badge(image: Image) -> Image:
    drawn = image.copy()
    cv2.rectangle(drawn, (150, 4), (194, 48), (20, 160, 90), -1)
    return drawn


def word(image: Image) -> Image:
    drawn = image.copy()
    cv2.putText(drawn, "SAMPLE", (20, 120), 0, 1.3, (255, 255, 255), 2)
    return np.asarray(cv2.addWeighted(drawn, 0.6, image, 0.4, 0), np.uint8)


def floats(image: Image) -> NDArray[np.float32]:
    return image.astype(np.float32)


FULL: Image = np.asarray(cv2.GaussianBlur(scene(21), (0, 0), 1.2), np.uint8)
PART: Image = np.ascontiguousarray(FULL[60:260, 100:300])
INSIDE = np.ones(PART.shape[:2], np.bool_)


@pytest.mark.parametrize("drawn", [badge(PART), word(PART)], ids=["badge", "word"])
@pytest.mark.parametrize("quality", [35, 90])
def test_what_is_drawn_in_one_colour_is_an_overlay(drawn: Image, quality: int) -> None:
    found = find_overlay(floats(encoded(drawn, quality)), floats(PART), INSIDE)
    assert found is not None
    changed = np.abs(floats(drawn) - floats(PART)).max(axis=2) > 60
    assert found[changed].mean() > 0.98
    assert found.mean() < 0.5


def test_a_thing_that_moved_is_no_overlay() -> None:
    moved = PART.copy()
    moved[60:110, 60:110] = PART[64:114, 70:120]
    assert find_overlay(floats(moved), floats(PART), INSIDE) is None


def test_a_label_with_another_print_is_no_overlay() -> None:
    other = PART.copy()
    other[70:130, 70:130] = scene(22)[70:130, 70:130]
    assert find_overlay(floats(other), floats(PART), INSIDE) is None


def test_pictures_that_agree_have_none() -> None:
    assert find_overlay(floats(encoded(PART, 20)), floats(PART), INSIDE) is None


@pytest.mark.parametrize("drawn", [badge(PART), word(PART)], ids=["badge", "word"])
def test_a_crop_with_a_badge_or_a_word_on_it_is_found(drawn: Image) -> None:
    found = CropLocator().locate(FULL, encoded(drawn, 75))
    assert (found.relation, found.crop) == ("crop", "b")
    assert found.probability > 0.9
    assert found.outline is not None
    assert np.abs(found.outline[0] - (100, 60)).max() < 0.5
