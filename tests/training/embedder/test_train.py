from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from matcher.retrieval.untrained import ColourEmbedder
from training.data.carton_boxes import locate_cartons
from training.data.instances import Instance, InstanceKind, read_data_backgrounds
from training.data.sources import TrainingData
from training.embedder.metrics import RetrievalQuery, RetrievalSet, read_held_out_set
from training.embedder.sampler import ViewBatch, ViewSampler, join_batches
from training.embedder.train import read_training_instances, supervised_contrastive, view_side


def solid(*colour: int) -> NDArray[np.uint8]:
    return np.full((40, 30, 3), colour, np.uint8)


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


def test_figures_count_ranks() -> None:
    colours = [solid(220, 10, 10), solid(10, 220, 10), solid(10, 10, 220)]
    queries = (
        RetrievalQuery(solid(200, 10, 10), "red"),
        RetrievalQuery(solid(10, 10, 200), "red"),
    )
    figures = RetrievalSet(("red", "green", "blue"), tuple(colours), queries).measure(
        ColourEmbedder().embed
    )
    assert figures["carton_top1"] == 0.5
    assert figures["carton_top5"] == 1.0


def test_where_nothing_is_held_out_there_are_no_figures() -> None:
    nothing = RetrievalSet(("red",), (solid(220, 10, 10),), ())
    assert nothing.measure(ColourEmbedder().embed) == {}


def test_only_held_out_products_are_asked_for(tiny_data: Path, tmp_path: Path) -> None:
    data = TrainingData.open(tiny_data)
    located = locate_cartons(data, tmp_path / "located.json")
    asked = {query.product for query in read_held_out_set(data, located).queries}
    assert asked <= {"Tropicana-Golden-Grapefruit"}
    again = locate_cartons(data, tmp_path / "located.json")
    assert set(again) == set(located)
