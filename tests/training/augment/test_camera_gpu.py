from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from training.augment.camera import Degradation, photograph
from training.augment.camera_gpu import Darkroom
from training.augment.views import HEAP_DEGRADATION
from training.data.instances import InstanceKind
from training.data.sources import TrainingData
from training.detector.scenes import Scene
from training.detector.train import train_detector
from training.embedder.train import make_sampler, read_training_instances, train_embedder
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions

Trainer = Callable[[RunOptions, OnReport], Path]

SIDE = 64


@pytest.fixture
def pictures() -> Tensor:
    """Twelve pictures of soft blobs of colour."""
    torch.manual_seed(1)
    coarse = torch.rand(12, 3, 6, 6)
    return torch.nn.functional.interpolate(coarse, (SIDE, SIDE), mode="bicubic").clamp(0, 1)


def change(before: Tensor, after: Tensor) -> float:
    return float((after - before).abs().mean(dim=(1, 2, 3)).median())


def test_pictures_keep_their_size_and_range(pictures: Tensor) -> None:
    developed = Darkroom().develop(pictures, [Degradation()] * 12)
    assert developed.shape == pictures.shape
    assert 0 <= float(developed.min()) < float(developed.max()) <= 1


def test_no_picture_gives_no_picture() -> None:
    assert Darkroom().develop(torch.zeros(0, 3, SIDE, SIDE), []).shape == (0, 3, SIDE, SIDE)


def test_each_picture_is_developed_by_its_own_light(pictures: Tensor) -> None:
    torch.manual_seed(0)
    lights = [Degradation(0.0), Degradation(1.0)] * 6
    developed = Darkroom().develop(pictures, lights)
    assert change(pictures[::2], developed[::2]) < 0.001
    assert change(pictures[1::2], developed[1::2]) > 0.03


def test_a_batch_is_photographed_as_badly_as_single_pictures_are(pictures: Tensor) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    light = Degradation(0.8)
    many = pictures.repeat(8, 1, 1, 1)
    arrays = (many.permute(0, 2, 3, 1) * 255).round().byte().numpy()
    singly = np.stack([photograph(image, rng, light) for image in arrays])
    expected = change(many, torch.from_numpy(singly).permute(0, 3, 1, 2).float() / 255)
    assert change(many, Darkroom().develop(many, [light] * len(many))) == pytest.approx(
        expected, rel=0.35
    )


def test_lamps_colour_grey_more_when_told_so() -> None:
    grey = torch.full((64, 3, SIDE, SIDE), 0.45)

    def spread(tint: float) -> float:
        torch.manual_seed(0)
        means = Darkroom().develop(grey, [Degradation(0.8, tint)] * 64).mean(dim=(2, 3))
        return float((means.amax(dim=1) - means.amin(dim=1)).median())

    assert spread(0.14) > 1.5 * spread(0.07)


def test_the_same_seed_develops_the_same(pictures: Tensor) -> None:
    both = []
    for _ in range(2):
        torch.manual_seed(7)
        both.append(Darkroom().develop(pictures, [Degradation()] * 12))
    assert torch.equal(*both)


def test_what_shows_no_print_is_drawn_for_the_lamps_of_heaps(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.embedder.train._FAMILIES", 6)
    rng = np.random.default_rng(0)
    data = TrainingData.open(tiny_data)
    kinds = [one.kind for one in read_training_instances(data, tmp_path)]
    batch = make_sampler(data, tmp_path, rng, lit=False).batch(32)
    assert len(batch.lights) == len(batch.images)
    lit_as_heaps = {
        kinds[label]
        for label, light in zip(batch.labels, batch.lights, strict=True)
        if light == HEAP_DEGRADATION
    }
    assert lit_as_heaps == {InstanceKind.PRODUCE}


def test_a_scene_is_photographed_once() -> None:
    rng = np.random.default_rng(0)
    drawn = Scene(np.full((32, 32, 3), 120, np.uint8), (), Degradation())
    shown = drawn.photographed(rng)
    assert not np.array_equal(shown.image, drawn.image)
    assert shown.photographed(rng) is shown


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("train", [train_detector, train_embedder])
def test_a_trainer_leaves_light_to_the_device_if_it_is_no_processor(
    train: Trainer, tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    developed: list[int] = []

    def develop(_self: Darkroom, images: Tensor, lights: Sequence[Degradation]) -> Tensor:
        assert len(images) == len(lights)
        developed.append(len(images))
        return images

    monkeypatch.setattr("training.embedder.train._FAMILIES", 6)
    monkeypatch.setattr("training.detector.data._PACKAGES", 12)
    monkeypatch.setattr(Darkroom, "develop", develop)
    here = RunOptions(tiny_data, tmp_path / "here", minutes=0.001)
    train(here, lambda _: None)
    assert not developed

    assert replace(here, device="cuda").degrades_on_device
    monkeypatch.setattr(RunOptions, "photographs_batches", True)
    train(replace(here, out=tmp_path / "there"), lambda _: None)
    assert developed
