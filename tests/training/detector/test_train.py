import numpy as np
import pytest
import torch

from matcher.imaging.box import Box
from matcher.networks.yolo import build_yolov5n
from training.detector.data import (
    DetectionSets,
)
from training.detector.scenes import Scene
from training.detector.train import DetectorTrainer, detect_boxes, measure_detector
from training.loop.trainer import RunOptions


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> DetectorTrainer:
    out = tmp_path_factory.mktemp("out")
    return DetectorTrainer(RunOptions(out, out, minutes=1.0), DetectionSets((), ()))


def scene(*boxes: Box) -> Scene:
    image = np.full((64, 64, 3), 90, np.uint8)
    for box in boxes:
        box.crop(image)[:] = 240
    return Scene(image, boxes)


def test_the_loss_is_finite_with_and_without_boxes(run: DetectorTrainer) -> None:
    for scenes in ([scene(Box(10, 10, 40, 50)), scene()], [scene(), scene()]):
        loss = run.loss_of(scenes)
        assert bool(loss.isfinite())


def test_a_few_steps_on_one_scene_lower_its_loss(run: DetectorTrainer) -> None:
    scenes = [scene(Box(8, 8, 40, 56)), scene(Box(20, 4, 60, 40))]
    run.net.train()
    optimizer = torch.optim.AdamW(run.net.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = run.loss_of(scenes)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_found_boxes_lie_in_the_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (90, 150, 3), np.uint8)
    for found in detect_boxes(build_yolov5n(), image, side=96):
        assert 0 <= found.box.left <= found.box.right <= 150
        assert 0 <= found.box.top <= found.box.bottom <= 90
        assert 0 <= found.confidence <= 1


def test_nothing_to_measure_gives_zeros() -> None:
    figures = measure_detector(build_yolov5n(), DetectionSets((), ()), "cpu")
    assert set(figures.values()) == {0.0}
