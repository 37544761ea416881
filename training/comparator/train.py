"""Trains the comparator: per cell, does a photo show what its reference shows?"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from typing_extensions import override

from matcher.keypoints.features import FrontEnd
from matcher.networks.comparator_net import ComparatorNet
from training.comparator.material import MaterialCounts, collect_material
from training.comparator.metrics import HeldOutPairs, stack_inputs
from training.comparator.pairs import (
    DIFFERENT,
    UNDECIDED,
    ComparatorMaterial,
    ComparedPair,
    draw_pair,
)
from training.data.aligned_photos import align_photos
from training.data.sources import TrainingData
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport, Progress
from training.loop.trainer import RunOptions, Trainer

_PEAK_RATE: Final = 2e-3
_WEIGHT_DECAY: Final = 0.02
_BATCH: Final = 16
# Of a batch: drawing a pair takes as long as learning from it, so that each is used twice.
_FRESH: Final = 8
_KEPT: Final = 2048
_FEWEST_CELLS: Final = 20


def train_comparator(
    options: RunOptions,
    front_end: FrontEnd,
    report: OnReport,
    amounts: MaterialCounts | None = None,
) -> Path:
    """Train within the time bound; returns the checkpoint of the best averaged network.

    Blocks for `options.minutes`, and a few more while pictures are read and photos aligned. The
    first report is what correlation and colour distance tell without training.

    Args:
        options: of the run.
        front_end: finds the keypoints by which photos are aligned.
        report: told where the run stands.
        amounts: of pictures; the usual ones if None.

    Raises:
        TrainingError: the data folder is not complete, or the checkpoint cannot be read.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    data = TrainingData.open(options.data)
    amounts = amounts or MaterialCounts()
    held_out = HeldOutPairs.of(data, front_end, amounts)
    report(Progress(0, 0.0, 0.0, held_out.untrained()))
    photos = align_photos(data, front_end, held_out=False, twins=False)
    material = collect_material(data, amounts, photos, held_out=False)
    run = ComparatorTrainer(options, held_out)
    run.restore()
    rng = run.fresh_rng()
    pairs = draw_pairs(material, rng)
    run.pairs = run.make_loader(lambda _share: list(islice(pairs, _BATCH * options.batches)), rng)
    return run.run(report)


class ComparatorTrainer(Trainer):
    """The comparator's part of a run."""

    pairs: BatchLoader[list[ComparedPair]]

    def __init__(self, options: RunOptions, held_out: HeldOutPairs) -> None:
        torch.manual_seed(options.seed)
        net = ComparatorNet().to(memory_format=torch.channels_last)
        net.to(options.device)
        groups = [{"params": list(net.parameters()), "weight_decay": _WEIGHT_DECAY}]
        super().__init__(net, groups, _PEAK_RATE, options)
        self._held_out = held_out

    @override
    def loss(self) -> Tensor:
        batch = self.pairs.next(self.share)
        device = torch.device(self.options.device)
        with torch.autocast(device.type, torch.bfloat16):
            logits = self.net(*stack_inputs(batch, device))
        labels = torch.from_numpy(np.stack([one.labels for one in batch])).to(device)
        return cell_loss(logits.float(), labels)

    @override
    def measure(self) -> Mapping[str, float]:
        return self._held_out.measure(self.average.module, self.options.device)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        # The latest: photos of four cartons are too few to choose among neighbouring figures.
        return self.share


def draw_pairs(material: ComparatorMaterial, rng: np.random.Generator) -> Iterator[ComparedPair]:
    """Pairs without end, half of them seen before."""
    kept: list[ComparedPair] = []
    while True:
        fresh = [draw_pair(material, rng) for _ in range(_FRESH)]
        kept = [*kept, *fresh][-_KEPT:]
        yield from fresh
        yield from (kept[index] for index in rng.integers(len(kept), size=_BATCH - _FRESH))


def cell_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy over cells with a label, every picture counting alike.

    Args:
        logits: (B, rows, columns) float32.
        labels: likewise, `SAME`, `DIFFERENT` or `UNDECIDED`.
    """
    known = labels != UNDECIDED
    wanted = (labels == DIFFERENT).float()
    surprise = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    cells = known.sum(dim=(1, 2)).clamp(min=_FEWEST_CELLS)
    return ((surprise * known).sum(dim=(1, 2)) / cells).mean()
