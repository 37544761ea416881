import numpy as np

from matcher.crops.thumbnail.feature_map import FeatureMap
from tests.catalog.support.fakes import pixels
from training.crops.framing.material import GRID, FramedPicture, FramingNetworks, sample_windows


class Averages:
    """Stands for the network: the picture's colours on a coarse grid."""

    def look(self, image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> FeatureMap:
        height, width = image.shape[:2]
        rows = image[:: max(height // 6, 1), :: max(width // 8, 1)].astype(np.float32)
        return FeatureMap(rows, width, height)


def test_every_window_of_a_picture_is_pooled() -> None:
    networks = FramingNetworks(Averages(), Averages(), lambda values: values)
    sample = sample_windows(pixels(1, 160, 120), networks, np.random.default_rng(0))
    assert sample.whole.shape == (GRID, GRID, 3)
    assert sample.random.shape == (3, GRID, GRID, 3)
    assert sample.same_size.shape[0] == len(sample.same_overlap) == 4
    assert sample.mapped.shape[:2] == sample.mapped_overlap.shape
    assert sample.same_overlap[0] == 1
    assert (sample.random_overlap < 1).all()


def test_pictures_of_one_scene_are_held_out_together() -> None:
    held_out = [
        FramedPicture(scene, "photos", lambda: pixels(1, 8, 8)).is_held_out
        for scene in [f"scene {number}" for number in range(400)]
    ]
    assert 60 < sum(held_out) < 140
