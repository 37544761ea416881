"""The detector's training data."""

from pathlib import Path

import numpy as np

from matcher.imaging.box import Box
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData
from training.detector.data import (
    BoxedPicture,
    DetectionSampler,
    crop_around_first_box,
)
from training.detector.scenes import Scene


def scene(*boxes: Box) -> Scene:
    image = np.full((64, 64, 3), 90, np.uint8)
    for box in boxes:
        box.crop(image)[:] = 240
    return Scene(image, boxes)


def test_training_scenes_come_from_every_source(tiny_data: Path, tmp_path: Path) -> None:
    data = TrainingData.open(tiny_data)
    located = {
        data.photos("Alpha-Juice")[0]: Box(20, 20, 120, 200),
        **locate_cartons(data, tmp_path / "located.json"),
    }
    sampler = DetectionSampler(data, located, np.random.default_rng(0))
    scenes = [sampler.scene(64) for _ in range(30)]
    assert all(scene.image.shape == (64, 64, 3) for scene in scenes)
    assert any(scene.boxes for scene in scenes)


def test_a_cut_around_a_box_keeps_it_in_place() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 30:50] = 255
    cut = crop_around_first_box(BoxedPicture(image, (Box(30, 40, 50, 60),)), 0.5, 0.5, 0.5, 0.5)
    assert cut.image.shape == (40, 40, 3)
    assert cut.boxes[0].crop(cut.image).min() == 255
