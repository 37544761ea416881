"""Crops at matching size, and the way back to the picture."""

import numpy as np
import pytest

from matcher.detection.crop import CropSettings, crop_detection, crop_whole
from matcher.imaging.box import Box
from matcher.results import Detection
from tests.matcher.prints import flat


@pytest.mark.parametrize(("width", "height"), [(320, 240), (800, 600), (3000, 1000)])
def test_a_whole_picture_is_matched_at_a_bounded_size(width: int, height: int) -> None:
    crop = crop_whole(flat(width, height))
    assert 640 <= max(crop.image.shape[:2]) <= 1024
    assert crop.detection.box == Box(0, 0, width, height)
    assert crop.tight.shape == (height, width, 3)


def test_pixel_centres_of_a_crop_map_onto_the_picture() -> None:
    detection = Detection(Box(100, 50, 200, 150), 0.9)
    crop = crop_detection(flat(640, 480), detection)
    height, width = crop.image.shape[:2]
    corners = np.array([[-0.5, -0.5], [width - 0.5, height - 0.5]])
    mapped = crop.points_in_picture(corners) + 0.5
    np.testing.assert_allclose(mapped, [[90, 40], [210, 160]], atol=1e-3)
    assert crop.tight.shape == (100, 100, 3)


def test_sizes_are_settings() -> None:
    settings = CropSettings(margin=0.0, detection_sides=(32, 32), detection_keypoints=7)
    crop = crop_detection(flat(), Detection(Box(0, 0, 64, 64), 0.5), settings)
    assert crop.image.shape == (32, 32, 3)
    assert crop.keypoints == 7
