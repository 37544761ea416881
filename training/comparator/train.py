"""Trains the comparator: does each cell of a photo show what its reference shows?"""

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
    ComparatorPair,
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
# Newly drawn pairs of a batch: drawing a pair takes as long as learning from it, so that each is
# used twice; the second time it is drawn from the last so many.
_FRESH: Final = 8
_KEPT: Final = 2048
# A picture with fewer labelled cells counts as if it had so many.
_FEWEST_CELLS: Final = 20


def train_comparator(
    options: RunOptions,
    front_end: FrontEnd,
    report: OnReport,
    amounts: MaterialCounts | None = None,
) -> Path:
    """Train within the time bound; return the checkpoint of the best averaged network.

    Blocks for `options.minutes`, and a few more while pictures are read and photos aligned. The
    first report holds the figures of correlation and colour distance, which need no training.

    Args:
        options: of the run.
        front_end: finds the keypoints by which photos are aligned.
        report: called with the progress.
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
    trainer = ComparatorTrainer(options, held_out)
    trainer.restore()
    rng = trainer.fresh_rng()
    pairs = draw_pairs(material, rng)
    trainer.pairs = trainer.make_loader(
        lambda _share: list(islice(pairs, _BATCH * options.batches)), rng
    )
    return trainer.run(report)


class ComparatorTrainer(Trainer):
    """The trainer of the comparator."""

    pairs: BatchLoader[list[ComparatorPair]]

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
        labels = torch.from_numpy(np.stack([pair.labels for pair in batch])).to(device)
        return cell_loss(logits.float(), labels)

    @override
    def measure(self) -> Mapping[str, float]:
        return self._held_out.measure(self.average.module, self.options.device)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        # The latest wins: photos of four cartons are too few to choose among neighbouring figures.
        return self.share


def draw_pairs(material: ComparatorMaterial, rng: np.random.Generator) -> Iterator[ComparatorPair]:
    """Draw pairs without end, half of them seen before."""
    kept: list[ComparatorPair] = []
    while True:
        fresh = [draw_pair(material, rng) for _ in range(_FRESH)]
        kept = [*kept, *fresh][-_KEPT:]
        yield from fresh
        yield from (kept[index] for index in rng.integers(len(kept), size=_BATCH - _FRESH))


def cell_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the binary cross-entropy over labelled cells, every picture counting alike.

    Args:
        logits: (B, rows, columns) float32.
        labels: (B, rows, columns) int8: `SAME`, `DIFFERENT` or `UNDECIDED`.
    """
    known = labels != UNDECIDED
    wanted = (labels == DIFFERENT).float()
    surprise = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    cells = known.sum(dim=(1, 2)).clamp(min=_FEWEST_CELLS)
    return ((surprise * known).sum(dim=(1, 2)) / cells).mean()
