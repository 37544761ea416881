"""Trains SuperPoint: corners of drawn shapes, then its own keypoints on pictures, then both heads.

The detector follows DeTone et al., "SuperPoint", 2018. Descriptors learn by a softmax over all
keypoints of the other picture in both directions, as in Gleize, Wang and Feiszli, "SiLK: Simple
Learned Keypoints", 2023, whose authors found it to need far fewer steps than the hinge loss.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from superglue.superpoint import SuperPoint, SuperPointSizes, sample_descriptors
from training.augment.warps import WarpRange
from training.data.sources import TrainingData, is_held_out, list_pictures, read_rgb
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions, Trainer
from training.superpoint.homographic_adaptation import adapt_keypoints
from training.superpoint.metrics import measure_keypoints
from training.superpoint.pairs import (
    NO_KEYPOINT,
    UNSEEN,
    KeypointPair,
    KeypointPicture,
    draw_keypoint_pair,
    draw_shape_batch,
    to_planes,
)

COMPACT: Final = SuperPointSizes(widths=(16, 24, 48, 64), head=96, descriptors=64)
"""A tenth of the published network's work."""

HELD_OUT_PICTURES: Final = 40

# Shares of the budget: until the first shapes, until the second gentle warps.
_SHAPES_UNTIL: Final = 0.3
_EASY_UNTIL: Final = 0.6
# Pixels of a picture.
_SIDE: Final = 160
_BATCH: Final = 8
_PEAK_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 1e-4
# Of the softmax over descriptors, and the weight of its loss.
_TEMPERATURE: Final = 0.05
_DESCRIPTORS: Final = 0.5
# Pixels of the longer side.
_LONGEST: Final = 320
_EASY: Final = WarpRange(corners=0.15, turn_deg=30, scale=(0.7, 1.4))
_VALIDATED: Final = 24


@dataclass(frozen=True, slots=True)
class SuperPointOptions:
    """Settings of one run of SuperPoint.

    Attributes:
        run: settings of every run.
        sizes: of the network.
        pictures: how many, at most, to learn from after the shapes.
        views: warps that each one's keypoints are averaged over.
    """

    run: RunOptions
    sizes: SuperPointSizes = COMPACT
    pictures: int = 800
    views: int = 12


def train_superpoint(options: SuperPointOptions, report: OnReport) -> Path:
    """Train within the time bound; return the checkpoint of the best averaged network.

    Blocks for the run's minutes; see `Trainer.run` for what it writes.

    Raises:
        TrainingError: the data folder is not complete, or a checkpoint cannot be read.
    """
    options.run.out.mkdir(parents=True, exist_ok=True)
    data = TrainingData.open(options.run.data)
    trainer = SuperPointTrainer(options, read_pictures(data, options.pictures, held_out=False))
    trainer.validation = read_pictures(data, HELD_OUT_PICTURES, held_out=True)[:_VALIDATED]
    trainer.restore()
    return trainer.run(report)


def read_pictures(data: TrainingData, most: int, *, held_out: bool) -> list[NDArray[np.uint8]]:
    """Read pictures of print, places and clothes, (H, W, 3) RGB; half of them clothes at most."""
    photos = [path for product in data.products() for path in data.photos(product)[:8]]
    iconic = [data.iconic(product) for product in data.products()]
    others = [*data.places(), *list_pictures(data.root / "beverage3" / "images")]
    mixed = [path for path in (*iconic, *photos, *others) if _belongs(path, held_out=held_out)]
    clothes = [path for path in data.clothing() if _belongs(path, held_out=held_out)]
    step = max(-(-2 * len(mixed) // most), 1)
    chosen = [*mixed[::step], *clothes[: most // 2]][:most]
    return [read_rgb(data.check(path), _LONGEST) for path in chosen]


def _belongs(path: Path, *, held_out: bool) -> bool:
    """Return whether a picture is on that side: grocery is held out by product, others singly."""
    grocery = "grocery" in path.parts
    return is_held_out(path.parent.name if grocery else path.stem) is held_out


class SuperPointTrainer(Trainer):
    """The trainer of SuperPoint."""

    validation: Sequence[NDArray[np.uint8]] = ()

    def __init__(self, options: SuperPointOptions, pictures: Sequence[NDArray[np.uint8]]) -> None:
        torch.manual_seed(options.run.seed)
        net = SuperPoint(options.sizes).to(options.run.device)
        groups = [{"params": list(net.parameters()), "weight_decay": _WEIGHT_DECAY}]
        super().__init__(net, groups, _PEAK_RATE, options.run)
        self._pictures = pictures
        self._views = options.views
        self._count = _BATCH * options.run.batches
        self._shapes: BatchLoader[tuple[Tensor, Tensor]] | None = None
        self._pairs: BatchLoader[list[KeypointPair]] | None = None

    @override
    def loss(self) -> Tensor:
        if self.share < _SHAPES_UNTIL:
            self._shapes = self._shapes or self._shape_loader()
            return self._loss_on_shapes(*self._shapes.next(self.share))
        if self._shapes is not None:
            self._shapes.close()
        self._pairs = self._pairs or self._pair_loader()
        return self._loss_on_pictures(self._pairs.next(self.share))

    @override
    def measure(self) -> dict[str, float]:
        net = cast(SuperPoint, self.average.module).eval()
        return measure_keypoints(net, self.validation, self.options.device)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return figures["repeated"] + figures["paired"]

    def _shape_loader(self) -> BatchLoader[tuple[Tensor, Tensor]]:
        rng = self.fresh_rng()
        return self.make_loader(lambda _share: draw_shape_batch(self._count, _SIDE, rng), rng)

    def _pair_loader(self) -> BatchLoader[list[KeypointPair]]:
        """Return a loader of pictures with the network's present keypoints."""
        rng = self.fresh_rng()
        labelled = self._labels(rng)

        def draw(share: float) -> list[KeypointPair]:
            chosen = rng.integers(len(labelled), size=self._count // 2)
            reach = _EASY if share < _EASY_UNTIL else WarpRange()
            return [draw_keypoint_pair(labelled[index], _SIDE, reach, rng) for index in chosen]

        return self.make_loader(draw, rng)

    def _loss_on_shapes(self, images: Tensor, cells: Tensor) -> Tensor:
        logits, _ = self._maps(images)
        return detection_loss(logits, cells.to(self.options.device))

    def _loss_on_pictures(self, pairs: Sequence[KeypointPair]) -> Tensor:
        logits, maps = self._maps(to_planes([p.first for p in pairs] + [p.second for p in pairs]))
        cells = np.stack([p.first_cells for p in pairs] + [p.second_cells for p in pairs])
        found = detection_loss(logits, torch.from_numpy(cells).to(self.options.device))
        return found + _DESCRIPTORS * description_loss(maps, pairs)

    def _maps(self, images: Tensor) -> tuple[Tensor, Tensor]:
        device = self.options.device
        with torch.autocast(torch.device(device).type, torch.bfloat16):
            logits, maps = self.net(images.to(device))
        return logits.float(), maps.float()

    def _labels(self, rng: np.random.Generator) -> list[KeypointPicture]:
        """Label the pictures by the network; after a resumption anew, by a better one."""
        net = SuperPoint(cast(SuperPoint, self.net).sizes)
        net.load_state_dict(self.average.module.state_dict())
        net.eval()
        return [
            KeypointPicture(
                image,
                adapt_keypoints(net, _grey(image), self._views, rng),
            )
            for image in self._pictures
        ]


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def detection_loss(logits: Tensor, cells: Tensor) -> Tensor:
    """Return the cross entropy of each cell; those with a keypoint weigh as much as those without.

    Args:
        logits: (B, 65, h, w) float.
        cells: (B, h, w) int64, see `training.superpoint.pairs.to_cells`.
    """
    losses = F.cross_entropy(logits, cells, reduction="none", ignore_index=UNSEEN)
    filled, empty = (cells != NO_KEYPOINT) & (cells != UNSEEN), cells == NO_KEYPOINT
    return (_mean(losses, filled) + _mean(losses, empty)) / 2


def description_loss(maps: Tensor, pairs: Sequence[KeypointPair]) -> Tensor:
    """Return the softmax loss over the other side's keypoints, in both directions.

    Args:
        maps: (2 B, D, h, w) float, all first pictures, then all second ones.
        pairs: B of them.
    """
    losses = [maps.sum() * 0]
    for index, pair in enumerate(pairs):
        if len(pair.first_points) < 2:
            continue
        first, second = (
            sample_descriptors(torch.from_numpy(points).to(maps.device), maps[place])
            for points, place in (
                (pair.first_points, index),
                (pair.second_points, index + len(pairs)),
            )
        )
        alike = first @ second.T / _TEMPERATURE
        truth = torch.arange(len(alike), device=maps.device)
        losses.append((F.cross_entropy(alike, truth) + F.cross_entropy(alike.T, truth)) / 2)
    return torch.stack(losses).sum() / max(len(losses) - 1, 1)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return values.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)
