from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from superglue.superpoint import SuperPoint, SuperPointSizes
from training.augment.warps import WarpRange, draw_warp, inside, warp_points
from training.data.sources import TrainingData
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.superpoint.homographic_adaptation import adapt_keypoints
from training.superpoint.metrics import measure_keypoints
from training.superpoint.pairs import (
    NO_KEYPOINT,
    UNSEEN,
    KeypointPicture,
    draw_keypoint_pair,
    to_cells,
)
from training.superpoint.shapes import draw_shape
from training.superpoint.train import (
    SuperPointOptions,
    description_loss,
    detection_loss,
    read_pictures,
    train_superpoint,
)

TINY = SuperPointSizes((4, 4, 8, 8), 8, 8)
EVERYTHING = np.ones((16, 24), bool)

pytestmark = pytest.mark.usefixtures("one_thread")


def points(*given: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(given, np.float32).reshape(-1, 2)


def net() -> SuperPoint:
    torch.manual_seed(0)
    return SuperPoint(TINY).eval()


@pytest.mark.parametrize("seed", range(24))
def test_corners_of_shapes_lie_in_the_picture(seed: int) -> None:
    image, corners = draw_shape(96, np.random.default_rng(seed))
    assert image.shape == (96, 96)
    assert inside(corners, 96, 96).all()


def test_corners_of_shapes_are_where_the_picture_changes() -> None:
    beside, at_corners = [], []
    for seed in range(60):
        image, corners = draw_shape(96, np.random.default_rng(seed))
        if len(corners) == 0:
            continue
        contrast = cv2.cornerMinEigenVal(image, 7)
        places = corners.astype(int).clip(3, 92)
        at_corners.append(
            np.mean([contrast[y - 3 : y + 4, x - 3 : x + 4].max() for x, y in places])
        )
        beside.append(np.median(contrast))
    assert np.mean(at_corners) > 10 * np.mean(beside)


def test_cells_name_the_strongest_point_and_what_is_not_shown() -> None:
    shown = EVERYTHING.copy()
    shown[8:, 16:] = False
    cells = to_cells(points((3, 2), (5, 5), (9, 15), (99, 2)), shown)
    assert cells.tolist() == [
        [2 * 8 + 3, NO_KEYPOINT, NO_KEYPOINT],
        [NO_KEYPOINT, 7 * 8 + 1, UNSEEN],
    ]


def test_both_views_of_a_picture_show_the_same_points() -> None:
    rng = np.random.default_rng(0)
    image = np.full((120, 160, 3), 30, np.uint8)
    corners = points((40, 30), (110, 30), (110, 90), (40, 90))
    cv2.rectangle(image, (40, 30), (110, 90), (230, 230, 230), -1)
    seen = 0
    for _ in range(8):
        pair = draw_keypoint_pair(KeypointPicture(image, corners), 96, WarpRange(), rng)
        assert len(pair.first_points) == len(pair.second_points)
        assert inside(pair.first_points, 96, 96).all()
        assert inside(pair.second_points, 96, 96).all()
        assert (pair.first_cells >= 0).sum() + (pair.first_cells == UNSEEN).sum() == 144
        seen += len(pair.first_points)
    assert seen > 0


def test_warps_carry_points_and_their_inverse_brings_them_back() -> None:
    warp = draw_warp(80, 60, WarpRange(), np.random.default_rng(1))
    there = warp_points(points((10, 20), (70, 50)), warp)
    back = warp_points(there, np.asarray(np.linalg.inv(warp), np.float64))
    assert back == pytest.approx(points((10, 20), (70, 50)), abs=1e-3)
    assert len(warp_points(points(), warp)) == 0


def test_the_detection_loss_passes_over_what_is_not_shown() -> None:
    logits = torch.zeros(1, 65, 1, 2)
    logits[0, 5, 0, 0] = 50.0
    assert detection_loss(logits, torch.tensor([[[5, UNSEEN]]])) < 1e-6
    assert detection_loss(logits, torch.tensor([[[9, UNSEEN]]])) > 10


def test_the_description_loss_falls_when_partners_agree() -> None:
    maps = torch.nn.functional.one_hot(torch.arange(24), 24).T.reshape(1, 24, 4, 6).float()
    where = points((4, 4), (20, 4), (36, 20))
    nothing = np.zeros((4, 6), np.int64)
    grey = np.zeros((32, 48), np.uint8)

    def loss(second: NDArray[np.float32]) -> float:
        from training.superpoint.pairs import KeypointPair

        pair = KeypointPair(grey, grey, nothing, nothing, where, second)
        return float(description_loss(torch.cat([maps, maps]), [pair]))

    assert loss(where) < 0.1 < loss(where[::-1].copy())


def test_adapted_points_lie_in_the_picture_strongest_first() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (45, 50), np.uint8)
    found = adapt_keypoints(net(), grey, 2, np.random.default_rng(0))
    assert found.shape[1] == 2
    assert inside(found, 48, 40).all()


def test_figures_of_an_untrained_network_are_shares() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 72, 3), np.uint8)
    figures = measure_keypoints(net(), [picture])
    assert all(0 <= value <= 1 for value in figures.values())
    assert set(measure_keypoints(net(), []).values()) == {0.0}


def test_pictures_of_held_out_products_are_kept_apart(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    trained, kept = (read_pictures(data, 30, held_out=held) for held in (False, True))
    assert trained
    assert kept
    assert not {one.tobytes() for one in trained} & {one.tobytes() for one in kept}


def test_a_whole_run_goes_from_shapes_to_pictures(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superpoint.train._SIDE", 64)
    monkeypatch.setattr("training.superpoint.train._BATCH", 4)
    reports: list[Progress] = []
    run = RunOptions(tiny_data, tmp_path, minutes=0.03, report_seconds=0.5)

    best = train_superpoint(SuperPointOptions(run, TINY, pictures=3, views=1), reports.append)

    state = torch.load(best, weights_only=True)["net"]
    assert SuperPointSizes.of(state) == TINY
    assert {"repeated", "paired", "recalled"} == set(reports[-1].figures)
    assert all(np.isfinite(one.loss) for one in reports)
