"""Batches for metric learning."""

from pathlib import Path

import numpy as np
import pytest

from training.data.instances import Instance, read_data_backgrounds
from training.data.sources import TrainingData
from training.embedder.sampler import ViewBatch, ViewSampler, join_batches
from training.embedder.train import read_training_instances


@pytest.fixture(scope="module")
def instances(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Instance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.embedder.train._FAMILIES", 6)
        return read_training_instances(TrainingData.open(tiny_data), tmp_path_factory.mktemp("out"))


def test_a_batch_holds_two_views_of_each_class_and_twins_together(
    tiny_data: Path, instances: list[Instance]
) -> None:
    places = read_data_backgrounds(TrainingData.open(tiny_data), 10)
    batch = ViewSampler(instances, places, np.random.default_rng(0)).batch(32)
    assert batch.images.shape[1:] == (32, 32, 3)
    labels, counts = np.unique(batch.labels, return_counts=True)
    assert set(counts) == {2}
    names = [instances[label].name for label in labels]
    for name in names:
        if name.startswith("print-"):
            seed = name.split("-")[1]
            assert sum(other.startswith(f"print-{seed}-") for other in names) == 3


def test_joined_batches_know_a_class_of_both_as_one() -> None:
    one, other = (
        ViewBatch(np.full((2, 4, 4, 3), label, np.uint8), np.array([label, 9])) for label in (1, 2)
    )
    both = join_batches([one, other])
    assert both.labels.tolist() == [1, 9, 2, 9]
    assert both.images[:, 0, 0, 0].tolist() == [1, 1, 2, 2]
