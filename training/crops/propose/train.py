"""Trains the proposer's head on the maps of the published ImageNet network, which stays as it is.

Assignment and the losses of boxes and kinds are ultralytics' (task-aligned assignment, Feng et al.,
"TOOD", 2021); corners are learnt where they are known, by their distance.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from matcher.imaging.resize import to_planes
from matcher.networks.proposer_net import BINS, CORNER_NUMBERS, KINDS, PYRAMID_STRIDES, ProposerNet
from matcher.networks.runtime import LoadedNetwork
from matcher.networks.yolo import quiet_ultralytics
from training.crops.propose.art import read_art_split
from training.crops.propose.scenes import SceneSampler
from training.crops.propose.stock import Stock, read_stock
from training.crops.propose.target import TargetPicture
from training.data.sources import TrainingData
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions, Trainer

# Pixels of the square pictures, by share of the budget: small ones first, because they are cheap.
_SIDES: Final = ((0.35, (320,)), (1.0, (320, 384, 448)))
_BATCH: Final = 10
_PEAK_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 1e-3
# Weights of the loss's parts: ultralytics' defaults, and that of corners in shares of the box.
_GAINS: Final = {"box": 7.5, "cls": 0.5, "dfl": 1.5}
_CORNER_GAIN: Final = 8.0
FEATURES: Final = "imagenet-efficientnet-lite0"  # in the weights folder; what the head learns on
_CHECKED: Final = 48  # composed pictures that figures of a run are measured on


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    images: Tensor
    pictures: tuple[TargetPicture, ...]


def train_proposer(options: RunOptions, features: LoadedNetwork, report: OnReport) -> Path:
    """Train within the time bound; return the checkpoint of the best averaged network.

    Blocks for `options.minutes`; see `Trainer.run` for what it writes.

    Raises:
        TrainingError: the data folder is not complete, or the checkpoint cannot be read.
        WeightsError: the weights to begin with cannot be read, or do not fit.
    """
    data = TrainingData.open(options.data)
    stock = read_stock(data, read_art_split(options.data))
    return train_on(stock, options, features, report)


def train_on(stock: Stock, options: RunOptions, features: LoadedNetwork, report: OnReport) -> Path:
    """Train as `train_proposer` does on what was read."""
    options.out.mkdir(parents=True, exist_ok=True)
    check = SceneSampler(stock, np.random.default_rng((options.seed, 1)))
    trainer = ProposerTrainer(options, features, [check.draw(384) for _ in range(_CHECKED)])
    trainer.restore()
    rng = trainer.fresh_rng()
    sampler = SceneSampler(stock, rng)

    def draw(share: float) -> list[TargetPicture]:
        along = options.schedule_share(share)
        side = int(rng.choice(next(sides for until, sides in _SIDES if along <= until)))
        return [sampler.draw(side) for _ in range(_BATCH * options.batches)]

    trainer.pictures = trainer.make_loader(draw, rng)
    return trainer.run(report)


class ProposerTrainer(Trainer):
    """The trainer of the proposer's head."""

    pictures: BatchLoader[list[TargetPicture]]

    def __init__(
        self, options: RunOptions, features: LoadedNetwork, check: Sequence[TargetPicture]
    ) -> None:
        torch.manual_seed(options.seed)
        net = ProposerNet().to(memory_format=torch.channels_last).to(options.device)
        super().__init__(net, _parameter_groups(net), _PEAK_RATE, options)
        self._pyramid = features.functions["pyramid"]
        self._loss = ProposerLoss()
        self._check = check

    @override
    def loss(self) -> Tensor:
        return self.loss_of(self.net, self.pictures.next(self.share))

    def loss_of(self, net: nn.Module, pictures: Sequence[TargetPicture]) -> Tensor:
        """Return the loss per picture of square pictures of one size."""
        maps = self._maps([picture.image for picture in pictures])
        with torch.autocast(torch.device(self.options.device).type, torch.bfloat16):
            raw = net(*maps)
        return self._loss.of(raw.float(), maps, pictures)

    def _maps(self, images: Sequence[NDArray[np.uint8]]) -> list[Tensor]:
        """Return the published network's three maps of pictures of one size."""
        found = self._pyramid(to_planes(np.stack(images)))
        return [
            torch.from_numpy(level).to(self.options.device, memory_format=torch.channels_last)
            for level in found
        ]

    @override
    def measure(self) -> dict[str, float]:
        net = self.average.module
        net.eval()
        losses = []
        with torch.no_grad():
            for start in range(0, len(self._check), _BATCH):
                losses.append(float(self.loss_of(net, self._check[start : start + _BATCH])))
        return {"composed_loss": float(np.mean(losses))}

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return 1000 - figures["composed_loss"]


class ProposerLoss:
    """The loss of the head's answers: of boxes, kinds and corners."""

    def __init__(self) -> None:
        self._assign = _criterion()

    def of(self, raw: Tensor, maps: Sequence[Tensor], pictures: Sequence[TargetPicture]) -> Tensor:
        """Return the loss per picture of the head's answer."""
        split = [4 * BINS, CORNER_NUMBERS, len(KINDS)]
        distances, corners, scores = torch.split(raw, split, dim=1)
        table, known = _targets(pictures, raw.device)
        given = {"batch_idx": table[:, 0], "cls": table[:, 1], "bboxes": table[:, 2:]}
        assigned, loss, _ = self._assign(
            {"boxes": distances, "scores": scores, "feats": list(maps)}, given
        )
        return loss.sum() + _CORNER_GAIN * _corner_loss(corners, assigned, table, known)


def _corner_loss(
    corners: Tensor, assigned: tuple[Tensor, ...], table: Tensor, known: Tensor
) -> Tensor:
    """Return the mean distance of corners, in shares of the box, where they are known.

    Args:
        corners: (B, 8, A) predicted.
        assigned: foreground (B, A), and the number of each place's target in its picture (B, A).
        table: (N, 6) picture, kind and box of every target.
        known: (N, 8) corners in shares of the box; not a number where there are none.
    """
    foreground, number = assigned[0], assigned[1]
    counts = torch.bincount(table[:, 0].long(), minlength=len(corners))
    starts = torch.cumsum(counts, 0) - counts
    picture, place = torch.nonzero(foreground, as_tuple=True)
    if not len(picture):
        return corners.sum() * 0
    wanted = known[starts[picture] + number[picture, place]]
    given = corners[picture, :, place]
    is_known = ~wanted.isnan().any(dim=1)
    if not bool(is_known.any()):
        return corners.sum() * 0
    return functional.smooth_l1_loss(given[is_known], wanted[is_known], beta=0.05)


def _criterion() -> Callable[..., tuple[tuple[Tensor, ...], Tensor, Any]]:
    """Return ultralytics' assignment and loss for a head of our shape."""
    with quiet_ultralytics():
        from ultralytics.utils.loss import v8DetectionLoss  # importing it has side effects

    head = nn.Module()
    vars(head).update(stride=torch.tensor(PYRAMID_STRIDES), nc=len(KINDS), reg_max=BINS)
    model = nn.Module()
    vars(model)["args"] = SimpleNamespace(**_GAINS)
    vars(model)["model"] = [head]
    model.register_parameter("anywhere", nn.Parameter(torch.zeros(1)))
    assign: Callable[..., Any] = v8DetectionLoss(model).get_assigned_targets_and_loss
    return assign


def _parameter_groups(net: nn.Module) -> list[dict[str, Any]]:
    """Group parameters: weights decay, biases and normalisation do not."""
    trained = list(net.parameters())
    return [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": _WEIGHT_DECAY},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _targets(pictures: Sequence[TargetPicture], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return (N, 6) picture, kind, centre and size in shares, and (N, 8) corners in the box."""
    rows, corners = [], []
    for number, picture in enumerate(pictures):
        side = len(picture.image)
        for target in picture.targets:
            box = target.box
            middle = ((box.left + box.right) / 2 / side, (box.top + box.bottom) / 2 / side)
            rows.append([number, target.kind, *middle, box.width / side, box.height / side])
            shares = np.full((4, 2), np.nan)
            if target.corners is not None:
                shares = (target.corners - [box.left, box.top]) / [box.width, box.height]
            corners.append(shares.ravel())
    table = torch.tensor(rows, dtype=torch.float32, device=device).reshape(-1, 6)
    known = np.array(corners, np.float32).reshape(-1, CORNER_NUMBERS)
    return table, torch.from_numpy(known).to(device)
