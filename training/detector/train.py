"""Trains the detector: ultralytics' YOLOv5n, assignment and loss in a loop of our own.

ultralytics' trainer measures a time budget from every start anew, so that a resumed run gets
another schedule, prints on stdout, and looks for fonts and reference weights on the network; the
parts that make the network what it is are used from there, the loop is not.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from typing_extensions import override

from matcher.detection.average_precision import BoxEvaluation
from matcher.imaging.box import Box
from matcher.networks.yolo import build_yolov5n
from matcher.results import Detection
from training.augment.camera_gpu import apply_shots
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData
from training.detector.data import BoxedPicture, DetectionSampler, DetectionSets, read_held_out_sets
from training.detector.scenes import Scene
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions, Trainer

INPUT_SIDE: Final = 256
LARGEST_SIDE: Final = 320
# Pixels by share of the budget: small pictures first, because they are cheap; then every size that
# products come in.
_SIDES: Final = ((0.3, (224,)), (0.6, (256,)), (1.0, (192, 224, 256, 288, LARGEST_SIDE)))
_BATCH: Final = 12
_PEAK_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 5e-4
# Weights of the loss's parts: ultralytics' defaults.
_GAINS: Final = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
# Of non-maximum suppression: intersection over union, and what is kept while measuring.
_OVERLAP: Final = 0.6
_LEAST_CONFIDENCE: Final = 0.01
_MOST_BOXES: Final = 100
# Confidence from which a box counts for recall.
_SURE: Final = 0.1
# Level of the padding, as ultralytics pads.
_GREY: Final = 114


def detect_boxes(
    net: nn.Module, image: NDArray[np.uint8], side: int = INPUT_SIDE, device: str = "cpu"
) -> list[Detection]:
    """Return boxes in the picture's pixels, the surest first; float32 arithmetic."""
    from torchvision.ops import nms  # seconds: torch._dynamo comes along

    height, width = image.shape[:2]
    scale = side / max(height, width)
    small = cv2.resize(image, (max(round(width * scale), 1), max(round(height * scale), 1)),
                       interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)  # fmt: skip
    square = np.full((side, side, 3), _GREY, np.uint8)
    square[: small.shape[0], : small.shape[1]] = small
    net.eval()
    with torch.inference_mode():
        output = net(_to_tensor([square], device))[0][0].float().cpu()
    sure = output[4] >= _LEAST_CONFIDENCE
    centres, sizes, confidence = output[:2, sure].T, output[2:4, sure].T, output[4, sure]
    corners = torch.cat([centres - sizes / 2, centres + sizes / 2], dim=1)
    keep = nms(corners, confidence, _OVERLAP)[:_MOST_BOXES]
    found = zip((corners[keep] / scale).tolist(), confidence[keep].tolist(), strict=True)
    return [Detection(Box(*corner).clipped(width, height), value) for corner, value in found]


def measure_detector(net: nn.Module, sets: DetectionSets, device: str) -> dict[str, float]:
    """Return average precision and recall at an overlap of one half on held-out pictures.

    Shop photos label the carton in the hand alone, so that boxes elsewhere count neither way.
    """
    beverages = _run(net, sets.beverages, device)
    truth = [picture.boxes for picture in sets.beverages]
    cartons = [picture.boxes for picture in sets.cartons]
    in_shops = _run(net, sets.cartons, device)
    near = [
        [detection for detection in found if _is_about(detection.box, boxes[0])]
        for found, boxes in zip(in_shops, cartons, strict=True)
    ]
    on_beverages = BoxEvaluation.of(beverages, truth, _SURE)
    return {
        "beverage_ap50": on_beverages.average_precision(),
        "beverage_recall": on_beverages.recall(),
        "carton_ap50": BoxEvaluation.of(near, cartons).average_precision(),
        "carton_recall": BoxEvaluation.of(in_shops, cartons, _SURE).recall(),
    }


def train_detector(options: RunOptions, report: OnReport) -> Path:
    """Train within the time bound; return the checkpoint of the best averaged network.

    Blocks for `options.minutes`; see `Trainer.run` for what it writes.

    Raises:
        TrainingError: the data folder is not complete, or the checkpoint cannot be read.
        WeightsError: the weights to begin with cannot be read, or do not fit.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    data = TrainingData.open(options.data)
    located = locate_cartons(data, options.out / "located.json")
    trainer = DetectorTrainer(options, read_held_out_sets(data, located))
    trainer.restore()
    rng = trainer.fresh_rng()
    sampler = DetectionSampler(data, located, rng)

    def draw(share: float) -> list[Scene]:
        along = options.schedule_share(share)
        side = int(rng.choice(next(sides for until, sides in _SIDES if along <= until)))
        draw_one = sampler.undegraded_scene if options.degrades_on_device else sampler.scene
        return [draw_one(side) for _ in range(_BATCH * options.batches)]

    trainer.scenes = trainer.make_loader(draw, rng)
    return trainer.run(report)


class DetectorTrainer(Trainer):
    """The trainer of the detector."""

    scenes: BatchLoader[list[Scene]]

    def __init__(self, options: RunOptions, sets: DetectionSets) -> None:
        torch.manual_seed(options.seed)
        net = build_yolov5n()
        net.to(memory_format=torch.channels_last)
        net.to(options.device)
        for name, parameter in net.named_parameters():
            parameter.requires_grad_(".dfl" not in name)
        super().__init__(net, _parameter_groups(net), _PEAK_RATE, options)
        self.criterion = _criterion(net)
        self.sets = sets

    @override
    def loss(self) -> Tensor:
        return self.loss_of(self.scenes.next(self.share))

    def loss_of(self, scenes: Sequence[Scene]) -> Tensor:
        """Return ultralytics' loss per picture."""
        images = _to_tensor([scene.image for scene in scenes], self.options.device)
        if shots := [scene.shot for scene in scenes if scene.shot]:
            images = apply_shots(images, shots)
        with torch.autocast(torch.device(self.options.device).type, torch.bfloat16):
            predictions = self.net(images.contiguous(memory_format=torch.channels_last))
        predictions = {name: _as_float(value) for name, value in predictions.items()}
        loss, _ = self.criterion(predictions, _targets(scenes, self.options.device))
        return loss.sum() / len(scenes)

    @override
    def measure(self) -> dict[str, float]:
        return measure_detector(self.average.module, self.sets, self.options.device)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return figures["beverage_ap50"] + figures["carton_ap50"] + figures["carton_recall"]


def _run(net: nn.Module, pictures: Sequence[BoxedPicture], device: str) -> list[list[Detection]]:
    return [detect_boxes(net, picture.image, device=device) for picture in pictures]


def _is_about(box: Box, labelled: Box) -> bool:
    return box.intersection(labelled) > 0.5 * box.area


def _criterion(net: nn.Module) -> Callable[..., tuple[Tensor, dict[str, Tensor]]]:
    """Return ultralytics' loss, with its default gains."""
    from ultralytics.utils.loss import v8DetectionLoss  # `build_yolov5n` has imported it quietly

    vars(net)["args"] = SimpleNamespace(**_GAINS)
    criterion: Callable[..., tuple[Tensor, dict[str, Tensor]]] = v8DetectionLoss(net)
    return criterion


def _parameter_groups(net: nn.Module) -> list[dict[str, Any]]:
    """Group parameters: weights decay, biases and normalisation do not."""
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": _WEIGHT_DECAY},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _targets(scenes: Sequence[Scene], device: str) -> dict[str, Tensor]:
    """Return boxes as the loss takes them: centre and size in shares of the picture."""
    rows = []
    for number, scene in enumerate(scenes):
        side = len(scene.image)
        for box in scene.boxes:
            middle = ((box.left + box.right) / 2 / side, (box.top + box.bottom) / 2 / side)
            rows.append([number, *middle, box.width / side, box.height / side])
    table = torch.tensor(rows, dtype=torch.float32, device=device).reshape(-1, 5)
    return {"batch_idx": table[:, 0], "cls": torch.zeros_like(table[:, 0]), "bboxes": table[:, 1:]}


def _to_tensor(images: Sequence[NDArray[np.uint8]], device: str) -> Tensor:
    return torch.from_numpy(np.stack(images)).to(device).permute(0, 3, 1, 2).float().div_(255)


def _as_float(value: Tensor | list[Tensor]) -> Tensor | list[Tensor]:
    return [part.float() for part in value] if isinstance(value, list) else value.float()
