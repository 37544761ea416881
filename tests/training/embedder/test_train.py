from pathlib import Path

import pytest
import torch

from training.data.instances import Instance, InstanceKind
from training.data.sources import TrainingData
from training.embedder.train import read_training_instances, supervised_contrastive, view_side


@pytest.fixture(scope="module")
def instances(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Instance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.embedder.train._FAMILIES", 6)
        return read_training_instances(TrainingData.open(tiny_data), tmp_path_factory.mktemp("out"))


def test_every_class_has_its_own_name_and_pictures(instances: list[Instance]) -> None:
    names = [instance.name for instance in instances]
    assert len(set(names)) == len(names)
    assert all(instance.catalog or instance.photos for instance in instances)
    assert {instance.kind for instance in instances} == set(InstanceKind)


def test_neither_held_out_nor_left_out_products_are_classes(instances: list[Instance]) -> None:
    names = {instance.name for instance in instances}
    assert "Alpha-Juice" in names
    assert not names & {"Tropicana-Golden-Grapefruit", "Hidden-Juice"}


def test_the_loss_falls_when_views_of_one_thing_agree() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    together = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    apart = torch.tensor([[1.0, 0], [0, 1], [1, 0], [0, 1]])
    good = supervised_contrastive(together, labels, 0.1)
    bad = supervised_contrastive(apart, labels, 0.1)
    assert good < 0.01 < bad


def test_the_loss_has_a_finite_gradient() -> None:
    vectors = torch.randn(6, 4, requires_grad=True)
    unit = torch.nn.functional.normalize(vectors, dim=1)
    loss = supervised_contrastive(unit, torch.tensor([0, 0, 1, 1, 2, 2]), 0.1)
    loss.backward()  # type: ignore[no-untyped-call]
    assert vectors.grad is not None
    assert bool(vectors.grad.isfinite().all())


def test_pictures_never_shrink_during_a_run() -> None:
    sides = [view_side(share / 20) for share in range(21)]
    assert sides == sorted(sides)
