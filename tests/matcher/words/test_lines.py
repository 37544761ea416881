import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.networks.runtime import Array
from matcher.words.lines import LineDetector, LineSettings, find_lines


class InkIsText:
    """Stands for the network: dark places are the inner part of a line."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        (image,) = inputs
        self.shapes.append(image.shape)
        dark = image.astype(np.float32).mean(axis=1, keepdims=True) < -0.5
        return (dark.astype(np.float32),)


def map_with(*boxes: tuple[int, int, int, int]) -> NDArray[np.float32]:
    probabilities = np.zeros((200, 300), np.float32)
    for left, top, right, bottom in boxes:
        probabilities[top:bottom, left:right] = 0.9
    return probabilities


def test_a_region_is_a_line_grown_back_by_what_it_was_shrunk() -> None:
    (line,) = find_lines(map_with((100, 80, 200, 100)))
    assert line.confidence > 0.8
    left, top = line.outline.min(axis=0)
    right, bottom = line.outline.max(axis=0)
    assert (left, top, right, bottom) == pytest.approx((87, 67, 213, 113), abs=4)
    assert line.outline[0] == pytest.approx((left, top), abs=1)
    assert line.outline[2] == pytest.approx((right, bottom), abs=1)


def test_lines_come_largest_first_and_no_more_than_allowed() -> None:
    probabilities = map_with((10, 10, 60, 20), (10, 60, 200, 90), (10, 140, 100, 155))
    widths = [line.width for line in find_lines(probabilities)]
    assert widths == sorted(widths, reverse=True)
    assert len(widths) == 3
    assert [line.width for line in find_lines(probabilities, LineSettings(most=1))] == widths[:1]


def test_faint_regions_and_specks_are_no_lines() -> None:
    faint = map_with((100, 80, 200, 100)) / 2.2
    assert find_lines(faint) == []
    assert find_lines(map_with((100, 80, 102, 82))) == []


def test_a_sloping_line_keeps_its_order_of_corners() -> None:
    probabilities = np.zeros((200, 300), np.float32)
    for x in range(60, 240):
        y = 100 + round((x - 150) * 0.3)
        probabilities[y - 6 : y + 7, x] = 0.9
    (line,) = find_lines(probabilities)
    along = line.outline[1] - line.outline[0]
    assert along[0] > 150
    assert along[1] / along[0] == pytest.approx(0.3, abs=0.03)
    assert line.outline[3, 1] > line.outline[0, 1]


@pytest.mark.parametrize(("height", "width"), [(400, 300), (300, 400), (40, 900), (5, 3)])
def test_lines_are_in_the_pixels_of_the_picture(height: int, width: int) -> None:
    network = InkIsText()
    image = np.full((height, width, 3), 255, np.uint8)
    top, left = height // 4, width // 4
    image[top : height // 2, left : width * 3 // 4] = 0
    found = LineDetector(network).detect(image)
    if min(height, width) > 30:
        centre = found[0].outline.mean(axis=0)
        expected = ((left + width * 3 // 4) / 2, (top + height // 2) / 2)
        assert centre == pytest.approx(expected, abs=0.02 * max(height, width))


def test_the_network_is_prepared_for_few_sizes() -> None:
    network = InkIsText()
    detector = LineDetector(network)
    for height, width in [(50, 50), (512, 300), (300, 512), (512, 500), (1, 1), (2000, 10)]:
        assert detector.detect(np.full((height, width, 3), 200, np.uint8)) == ()
    assert len(set(network.shapes)) == 3
