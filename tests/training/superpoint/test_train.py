from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from superglue.superpoint import SuperPoint, SuperPointSizes
from training.data.sources import TrainingData
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.superpoint.pairs import (
    UNSEEN,
)
from training.superpoint.train import (
    SuperPointOptions,
    description_loss,
    detection_loss,
    read_pictures,
    train_superpoint,
)

TINY = SuperPointSizes((4, 4, 8, 8), 8, 8)


pytestmark = pytest.mark.usefixtures("one_thread")


def points(*given: tuple[float, float]) -> NDArray[np.float32]:
    return np.array(given, np.float32).reshape(-1, 2)


def net() -> SuperPoint:
    torch.manual_seed(0)
    return SuperPoint(TINY).eval()


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


def test_pictures_of_held_out_products_are_kept_apart(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    trained, kept = (read_pictures(data, 30, held_out=held) for held in (False, True))
    assert trained
    assert kept
    assert not {picture.tobytes() for picture in trained} & {picture.tobytes() for picture in kept}


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
    assert all(np.isfinite(progress.loss) for progress in reports)
