from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.faces import FoundFace
from matcher.crops.thumbnail.pleasure import FramerSettings, weigh_saliency, weigh_windows
from matcher.crops.thumbnail.saliency import even_saliency
from matcher.crops.thumbnail.thumbnail import PictureScene
from matcher.imaging.box import Box
from matcher.results import Detection

PLAIN = PictureScene(600, 400, even_saliency(600, 400))
SETTINGS = FramerSettings()


def scores(scene: PictureScene, *windows: tuple[int, int, int, int]) -> list[float]:
    return [float(score) for score in weigh_windows(scene, np.array(windows, float), SETTINGS)]


def spot(row: int, column: int) -> NDArray[np.float32]:
    values = np.zeros((20, 30), np.float32)
    values[row, column] = 1
    return values


def test_the_middle_is_best_where_nothing_else_speaks() -> None:
    left, middle, right = scores(PLAIN, (0, 0, 400, 400), (100, 0, 500, 400), (200, 0, 600, 400))
    assert middle > left
    assert middle > right


def test_the_largest_window_is_best_where_nothing_else_speaks() -> None:
    large, small = scores(PLAIN, (100, 0, 500, 400), (140, 40, 460, 360))
    assert large > small


def test_an_edge_through_what_draws_the_eye_costs_more_than_one_beside_it() -> None:
    scene = replace(PLAIN, saliency=spot(10, 20))  # about (410, 210)
    through, beside = scores(scene, (12, 0, 412, 400), (40, 0, 440, 400))
    assert beside > through


def test_a_doubtful_product_at_the_side_does_not_pull_the_window_from_the_middle() -> None:
    doubtful = replace(PLAIN, products=(Detection(Box(0, 150, 120, 400), 0.33),))
    middle, side = scores(doubtful, (100, 0, 500, 400), (0, 0, 400, 400))
    assert middle > side
    certain = replace(PLAIN, products=(Detection(Box(50, 150, 200, 300), 0.9),))
    cut, whole = scores(certain, (100, 0, 500, 400), (0, 0, 400, 400))
    assert whole > cut


def test_a_tiny_face_counts_less_than_a_portrait() -> None:
    def gain(side: int) -> float:
        face = FoundFace(Box(20, 20, 20 + side, 20 + side), 0.9)
        kept, lost = scores(replace(PLAIN, faces=(face,)), (0, 0, 400, 400), (200, 0, 600, 400))
        return kept - lost

    assert gain(60) > 1.2
    assert gain(12) < 0.8


def test_the_middle_of_what_draws_the_eye_is_in_shares_of_the_window() -> None:
    inside, middles = weigh_saliency(
        replace(PLAIN, saliency=spot(10, 20)), np.array([[310.0, 110.0, 510.0, 310.0]])
    )
    assert inside.tolist() == [1.0]
    assert np.allclose(middles, [[0.5, 0.5]])
