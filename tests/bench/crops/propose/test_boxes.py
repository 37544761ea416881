from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.crops.propose.art import ArtPicture
from bench.crops.propose.boxes import measure_boxes
from bench.crops.propose.methods import SpectralSaliency, WholePicture
from matcher.crops.propose.ranking import Point
from matcher.imaging.box import Box


class _Knowing:
    """Answers the left label, and whatever is tapped."""

    name = "knowing"

    def propose(self, image: NDArray[np.uint8], point: Point | None = None) -> Box:
        height, width = image.shape[:2]
        is_left = point is None or point[0] < width / 2
        return Box(0, 0, width / 2, height) if is_left else Box(width / 2, 0, width, height)


@pytest.fixture
def pictures(tmp_path: Path) -> list[ArtPicture]:
    path = tmp_path / "two.png"
    Image.new("RGB", (960, 480)).save(path)
    return [
        ArtPicture(path, (Box(0, 0, 480, 480), Box(480, 0, 960, 480)), 960),
        ArtPicture(path, (), 960),
    ]


def test_one_label_is_enough_untapped_and_each_counts_when_tapped(
    pictures: list[ArtPicture],
) -> None:
    result = measure_boxes(pictures, (_Knowing(), WholePicture()))
    knowing, whole = result.methods
    assert (knowing.pictures, knowing.iou50, knowing.median_iou) == (1, 1, 1)
    assert (knowing.taps, knowing.tapped_iou50) == (2, 1)
    assert whole.median_iou == pytest.approx(0.5)
    assert "1.000 (1 of 1)" in result.table().rows[0]


def test_what_stands_out_is_boxed_and_nothing_is_the_whole() -> None:
    image = np.full((200, 300, 3), 128, np.uint8)
    assert SpectralSaliency().propose(image) == Box(0, 0, 300, 200)
    image += np.linspace(0, 60, 300, dtype=np.uint8)[None, :, None]
    image[60:100, 200:250] = (220, 30, 30)
    box = SpectralSaliency().propose(image)
    assert box.intersection(Box(200, 60, 250, 100)) > 0
    assert box.area < 0.3 * 300 * 200
