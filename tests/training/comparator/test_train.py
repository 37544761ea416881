"""Learning where a photo shows something else than its reference."""

from pathlib import Path

import pytest
import torch

from matcher.keypoints.rootsift import RootSift, read_basis
from matcher.networks.comparator_net import ComparatorNet
from matcher.networks.weights import load_weights, read_manifest
from training.comparator.material import MaterialCounts
from training.comparator.pairs import (
    DIFFERENT,
    ROWS,
    SAME,
    UNDECIDED,
)
from training.comparator.train import cell_loss, train_comparator
from training.data.sources import TrainingData
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.release.comparator import release_comparator

WEIGHTS = Path(__file__).parents[3] / "weights"


pytestmark = pytest.mark.usefixtures("one_thread")


def front_end() -> RootSift:
    return RootSift(read_basis(WEIGHTS / "rootsift.safetensors"))


def test_undecided_cells_do_not_count() -> None:
    logits = torch.zeros(1, ROWS, ROWS)
    labels = torch.full((1, ROWS, ROWS), UNDECIDED, dtype=torch.int8)
    assert float(cell_loss(logits, labels)) == 0.0
    labels[0, :10, :10] = SAME
    labels[0, :4, :4] = DIFFERENT
    right = torch.where(labels == DIFFERENT, 20.0, -20.0)
    assert float(cell_loss(right, labels)) < 1e-6
    assert float(cell_loss(-right, labels)) > 10


def test_a_run_learns_resumes_and_ships_beside_what_needs_no_training(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.comparator.train._BATCH", 2)
    monkeypatch.setattr("training.comparator.train._FRESH", 1)
    monkeypatch.setattr("training.comparator.metrics._PAIRS", 4)
    reports: list[Progress] = []
    few = MaterialCounts(clothes=8, families=4, shops=0)

    def run(minutes: float, *, resume: bool) -> Path:
        options = RunOptions(tiny_data, tmp_path, minutes, resume=resume, report_seconds=3)
        return train_comparator(options, front_end(), reports.append, few)

    best = run(0.03, resume=False)
    steps = reports[-1].step
    assert reports[0].figures.keys() == {"correlation_auc", "chroma_auc"}
    assert reports[-1].figures.keys() == {"cells_auc", "photos_auc"}
    assert best.exists()
    run(0.15, resume=True)
    assert reports[-1].step > steps > 0

    weights = tmp_path / "weights"
    weights.mkdir()
    data = TrainingData.open(tiny_data)
    entry = release_comparator(data, tmp_path, front_end(), weights, few)
    assert entry in read_manifest(weights).entries
    assert {"held_out_photos_auc", "held_out_chroma_auc"} <= set(entry.figures)
    load_weights(ComparatorNet(), weights / entry.file, entry.sha256)
