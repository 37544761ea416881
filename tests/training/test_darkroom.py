from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from training.darkroom import Darkroom
from training.data import TrainingData
from training.detection_data import DetectionSampler, held_out_sets
from training.detector import DetectorRun
from training.embedder import loss_of, sampler_of
from training.located import locate_cartons
from training.photograph import Light, photograph
from training.run import RunOptions

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
    developed = Darkroom().develop(pictures, [Light()] * 12)
    assert developed.shape == pictures.shape
    assert 0 <= float(developed.min()) < float(developed.max()) <= 1


def test_no_picture_gives_no_picture() -> None:
    assert Darkroom().develop(torch.zeros(0, 3, SIDE, SIDE), []).shape == (0, 3, SIDE, SIDE)


def test_each_picture_is_developed_by_its_own_light(pictures: Tensor) -> None:
    torch.manual_seed(0)
    lights = [Light(0.0), Light(1.0)] * 6
    developed = Darkroom().develop(pictures, lights)
    assert change(pictures[::2], developed[::2]) < 0.001
    assert change(pictures[1::2], developed[1::2]) > 0.03


def test_a_batch_is_photographed_as_badly_as_single_pictures_are(pictures: Tensor) -> None:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    light = Light(0.8)
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
        means = Darkroom().develop(grey, [Light(0.8, tint)] * 64).mean(dim=(2, 3))
        return float((means.amax(dim=1) - means.amin(dim=1)).median())

    assert spread(0.14) > 1.5 * spread(0.07)


def test_the_same_seed_develops_the_same(pictures: Tensor) -> None:
    both = []
    for _ in range(2):
        torch.manual_seed(7)
        both.append(Darkroom().develop(pictures, [Light()] * 12))
    assert torch.equal(*both)


def test_an_embedder_learns_from_views_that_are_photographed_in_batches(
    tiny_data: Path, tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.embedder._FAMILIES", 6)
        sampler = sampler_of(
            TrainingData.open(tiny_data), tmp_path, np.random.default_rng(0), lit=False
        )
    batch = sampler.batch(32)
    assert len(batch.lights) == len(batch.images)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 8))
    loss = loss_of(net, batch, "cpu", Darkroom())
    loss.backward()  # type: ignore[no-untyped-call]
    assert bool(loss.isfinite())


def test_a_detector_learns_from_scenes_that_are_photographed_in_batches(
    tiny_data: Path, tmp_path: Path
) -> None:
    data = TrainingData.open(tiny_data)
    located = locate_cartons(data, tmp_path / "located.json")
    sampler = DetectionSampler(data, located, np.random.default_rng(0))
    scenes = [sampler.unlit(64) for _ in range(4)]
    assert all(scene.light for scene in scenes)
    run = DetectorRun(RunOptions(tiny_data, tmp_path, 1.0), held_out_sets(data, located))
    assert bool(run.loss_of(scenes).isfinite())
