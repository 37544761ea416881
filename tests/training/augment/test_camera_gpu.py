"""Who takes the shots: the processes that draw, or the device that learns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from training.augment.camera import Degradation, Shot, draw_shot
from training.augment.views import PRODUCE_DEGRADATION
from training.data.instances import InstanceKind
from training.data.sources import TrainingData
from training.detector.scenes import Scene
from training.detector.train import train_detector
from training.embedder.train import make_sampler, read_training_instances, train_embedder
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions

Train = Callable[[RunOptions, OnReport], Path]


def test_pictures_without_print_get_the_shots_of_heaps(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.embedder.train._FAMILIES", 6)
    rng = np.random.default_rng(0)
    data = TrainingData.open(tiny_data)
    kinds = [instance.kind for instance in read_training_instances(data, tmp_path)]
    batch = make_sampler(data, tmp_path, rng, take_shots=False).batch(32)
    assert len(batch.shots) == len(batch.images)
    shot_as_produce = {
        kinds[label]
        for label, shot in zip(batch.labels, batch.shots, strict=True)
        if shot.degradation == PRODUCE_DEGRADATION
    }
    assert shot_as_produce == {InstanceKind.PRODUCE}


def test_a_scene_is_photographed_once() -> None:
    shot = draw_shot(Degradation(), 32, 32, np.random.default_rng(0))
    drawn = Scene(np.full((32, 32, 3), 120, np.uint8), (), shot)
    shown = drawn.take_shot()
    assert not np.array_equal(shown.image, drawn.image)
    assert shown.take_shot() is shown


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("train", "module"),
    [(train_detector, "training.detector.train"), (train_embedder, "training.embedder.train")],
)
def test_a_trainer_leaves_shots_to_the_device_if_it_is_no_processor(
    train: Train, module: str, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def apply_shots(images: Tensor, shots: Sequence[Shot]) -> Tensor:
        assert len(images) == len(shots)
        taken.append(len(images))
        return images

    monkeypatch.setattr("training.embedder.train._FAMILIES", 6)
    monkeypatch.setattr("training.detector.data._PACKAGES", 12)
    monkeypatch.setattr(f"{module}.apply_shots", apply_shots)
    here = RunOptions(tiny_data, tmp_path / "here", minutes=0.001)
    train(here, lambda _: None)
    assert not taken

    assert replace(here, device="cuda").degrades_on_device
    monkeypatch.setattr(RunOptions, "degrades_on_device", True)
    train(replace(here, out=tmp_path / "there"), lambda _: None)
    assert taken
