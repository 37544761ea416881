"""Tests with processes that draw, run by `test_feeding.py` in a process of their own."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from superglue.superpoint import SuperPointSizes
from tests.training.superglue.test_train import options
from tests.training.superpoint.test_train import TINY
from training.loop.loader import BatchLoader
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.superglue.train import GlueTrainer, train_glue
from training.superpoint.train import SuperPointOptions, train_superpoint

pytestmark = pytest.mark.usefixtures("one_thread")


def feed_of(workers: int) -> BatchLoader[NDArray[np.float64]]:
    rng = np.random.default_rng(1)
    return BatchLoader(lambda share: np.append(rng.random(3), share), rng, workers)


def test_each_process_draws_other_batches() -> None:
    feed = feed_of(2)
    batches = np.stack([feed.next(0.0)[:3] for _ in range(12)])
    feed.close()
    assert len(np.unique(batches, axis=0)) == 12


def test_processes_learn_how_much_of_the_budget_is_spent() -> None:
    feed = feed_of(1)
    shares = [float(feed.next(share)[3]) for share in np.linspace(0, 1, 30)]
    feed.close()
    assert shares[0] == 0
    assert shares[-1] > 0.5
    assert shares == sorted(shares)


def test_batches_are_drawn_elsewhere_and_given_as_they_were_drawn() -> None:
    feed = BatchLoader(lambda share: (os.getpid(), [share]), np.random.default_rng(0), 1)
    process, shares = feed.next(0.25)
    feed.close()
    assert process != os.getpid()
    assert shares == [0.25]


def test_a_process_that_cannot_draw_ends_the_training_with_its_reason() -> None:
    def broken(_share: float) -> float:
        raise ValueError("no such picture")

    feed = BatchLoader(broken, np.random.default_rng(0), 1)
    with pytest.raises(ValueError, match="no such picture"):
        feed.next(0.0)
    feed.close()


def test_processes_that_draw_give_a_run_larger_steps(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superglue.train._VALIDATED", 6)
    monkeypatch.setattr("training.superglue.train._BATCH", 2)
    base = options(tiny_data, tmp_path)
    larger = replace(base, run=replace(base.run, workers=1, batches=4))
    reports: list[Progress] = []

    assert train_glue(larger, reports.append).exists()

    assert reports[-1].step > 0
    run = GlueTrainer(larger, 64, ())
    assert run.peak_rate == pytest.approx(2 * GlueTrainer(base, 64, ()).peak_rate)


def test_a_run_of_superpoint_is_fed_shapes_and_then_pictures(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superpoint.train._SIDE", 64)
    monkeypatch.setattr("training.superpoint.train._BATCH", 4)
    reports: list[Progress] = []
    run = RunOptions(tiny_data, tmp_path, minutes=0.03, report_seconds=0.5, workers=1)

    best = train_superpoint(SuperPointOptions(run, TINY, pictures=3, views=1), reports.append)

    assert SuperPointSizes.of(torch.load(best, weights_only=True)["net"]) == TINY
    assert all(np.isfinite(progress.loss) for progress in reports)
