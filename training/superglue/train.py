"""Trains SuperGlue or LightGlue on features as the product stores them.

Loss: negative log-likelihood of the assignment, dustbins included (Sarlin et al., "SuperGlue:
Learning Feature Matching with Graph Neural Networks", 2020).
"""

import multiprocessing
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final, cast

import numpy as np
import torch
from torch import Tensor
from typing_extensions import override

from matcher.keypoints.features import Correspondences, FrontEnd, LocalFeatures
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from training.data.sources import TrainingData
from training.errors import TrainingError
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport, Progress
from training.loop.trainer import RunOptions, Trainer
from training.superglue.designs import GlueDesign, GlueNetwork
from training.superglue.feature_pool import (
    FeaturePool,
    FeaturePoolOptions,
    build_pool,
    use_one_thread,
)
from training.superglue.front_ends import FrontEndChoice, FrontEndKind, descriptor_size
from training.superglue.metrics import harmonic_mean, measure_pairing
from training.superglue.pairs import (
    DUSTBIN,
    PairSampler,
    TrainingPair,
    move_to_device,
    stack_pairs,
    to_keypoint_batch,
)

THRESHOLD: Final = 0.2
MOST_KEYPOINTS: Final = 512

_WEIGHT_DECAY: Final = 1e-4
_BATCH: Final = 8
# Keypoints by share of the budget. Short pairs first: three times as many steps, and what is learnt
# holds for longer ones.
_LENGTHS: Final = ((0.75, 192), (1.0, 320))
_VALIDATED: Final = 160
_VALIDATED_KEYPOINTS: Final = 384
# Batches between two looks for new shards.
_LOOK_FOR_SHARDS: Final = 200
_PAUSE_S: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class GlueOptions:
    """Settings of one run.

    Attributes:
        run: settings of every run.
        front_end: the features that it pairs.
        design: of the network.
        pool: folder of the scenes' features; shared by runs with the same front end.
        scenes: how the pool is built.
    """

    run: RunOptions
    front_end: FrontEndChoice
    design: GlueDesign
    pool: Path
    scenes: FeaturePoolOptions


def train_glue(options: GlueOptions, report: OnReport) -> Path:
    """Train within the time bound; return the checkpoint of the best averaged network.

    Blocks for the run's minutes and for as long as the first scenes take; a process of its own
    builds further ones meanwhile. The first report is that of nearest neighbours.

    Raises:
        TrainingError: the data folder is not complete, or a file of the run is broken.
    """
    options.run.out.mkdir(parents=True, exist_ok=True)
    TrainingData.open(options.run.data)
    front_end = options.front_end.open()
    with _growing_pool(options) as builder:
        _await_shards(options.pool, builder)
        validation = validation_pairs(FeaturePool.read(options.pool, "validation"), front_end)
        report(Progress(0, 0.0, 0.0, measure_pairing(validation, match_nearest)))
        trainer = GlueTrainer(options, descriptor_size(front_end), validation)
        trainer.restore()
        rng = trainer.fresh_rng()
        draws = PairBatches(options.pool, front_end, _BATCH * options.run.batches, rng)
        trainer.pairs = trainer.make_loader(draws.draw, rng)
        return trainer.run(report)


def validation_pairs(pool: FeaturePool, front_end: FrontEnd) -> list[TrainingPair]:
    """Draw the pairs to validate with: the same in every run over the same pool."""
    sampler = PairSampler(pool, front_end, np.random.default_rng(0))
    return [sampler.draw(_VALIDATED_KEYPOINTS, whole=True) for _ in range(_VALIDATED)]


@contextmanager
def _growing_pool(options: GlueOptions) -> Iterator[BaseProcess]:
    """Run a process that builds scenes while the block lasts."""
    builder = multiprocessing.get_context("spawn").Process(
        target=_build, args=(options,), name="pool", daemon=True
    )
    builder.start()
    try:
        yield builder
    finally:
        builder.terminate()
        builder.join()


def _build(options: GlueOptions) -> None:
    use_one_thread()
    data = TrainingData.open(options.run.data)
    for _ in build_pool(data, options.front_end.open(), options.pool, options.scenes):
        pass


def _await_shards(folder: Path, builder: BaseProcess) -> None:
    while not (
        FeaturePool.read(folder, "train").scenes and FeaturePool.read(folder, "validation").scenes
    ):
        if not builder.is_alive():
            raise TrainingError(f"nothing could be built in {folder}: see the message above")
        time.sleep(_PAUSE_S)


def match_nearest(query: LocalFeatures, reference: LocalFeatures) -> Correspondences:
    """Match nearest neighbours, the baseline that needs no training."""
    return NearestNeighbourMatcher().match(query, [reference])[0]


class GlueTrainer(Trainer):
    """The trainer of a network that pairs keypoints."""

    pairs: BatchLoader[list[TrainingPair]]

    def __init__(
        self, options: GlueOptions, descriptors: int, validation: Sequence[TrainingPair]
    ) -> None:
        torch.manual_seed(options.run.seed)
        design = options.design
        oriented = options.front_end.kind is FrontEndKind.ROOTSIFT
        net = design.build(descriptors, oriented=oriented).to(options.run.device)
        groups = [{**group, "weight_decay": _WEIGHT_DECAY} for group in design.groups(net)]
        super().__init__(net, groups, design.peak_rate, options.run)
        self._validation = validation

    @override
    def loss(self) -> Tensor:
        batch = stack_pairs(self.pairs.next(self.share))
        device = self.options.device
        with torch.autocast(torch.device(device).type, torch.bfloat16):
            found = self.net(
                move_to_device(batch.query, device), move_to_device(batch.reference, device)
            )
        return assignment_loss(
            found, batch.query_targets.to(device), batch.reference_targets.to(device)
        )

    @override
    def measure(self) -> dict[str, float]:
        net = cast(GlueNetwork, self.average.module)
        return measure_pairing(self._validation, GluePairFinder(net, self.options.device).find)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        drawn = figures["twin_drawn"] + figures["other_drawn"]
        return harmonic_mean(figures, "flat") + harmonic_mean(figures, "photo") - 0.1 * drawn


class PairBatches:
    """A source of batches from a pool that grows meanwhile; not thread-safe."""

    def __init__(
        self, folder: Path, front_end: FrontEnd, count: int, rng: np.random.Generator
    ) -> None:
        """Read the shards that are built.

        Args:
            folder: of the pool.
            front_end: unpacks its features.
            count: pairs in a batch.
            rng: source of every random draw.

        Raises:
            TrainingError: a file of the pool is broken.
        """
        self._folder = folder
        self._front_end = front_end
        self._count = count
        self._rng = rng
        self._pool = FeaturePool.read(folder, "train")
        self._sampler = PairSampler(self._pool, front_end, rng)
        self._drawn = 0

    @property
    def scenes(self) -> int:
        """The number of scenes to draw from."""
        return len(self._pool.scenes)

    def draw(self, share: float) -> list[TrainingPair]:
        """Draw one batch; its pairs are longer late in the budget."""
        self._drawn += 1
        if self._drawn % _LOOK_FOR_SHARDS == 0:
            self._look_for_shards()
        limit = next(length for until, length in _LENGTHS if share <= until)
        return [self._sampler.draw(limit) for _ in range(self._count)]

    def _look_for_shards(self) -> None:
        grown = self._pool.grown(self._folder, "train")
        if grown.shards > self._pool.shards:
            self._sampler = PairSampler(grown, self._front_end, self._rng)
            self._pool = grown


class GluePairFinder:
    """A network in training as a finder of pairs."""

    def __init__(self, net: GlueNetwork, device: str = "cpu") -> None:
        self._net = net.eval()
        self._device = device

    def find(self, query: LocalFeatures, reference: LocalFeatures) -> Correspondences:
        """Return mutual best pairs above the threshold."""
        first, second = (
            move_to_device(to_keypoint_batch(side), self._device) for side in (query, reference)
        )
        with torch.inference_mode():
            found = self._net.match(first, second, THRESHOLD)
        matches = found.matches0[0].cpu().numpy()
        chosen = np.nonzero(matches >= 0)[0]
        scores = found.scores0[0].cpu().numpy()[chosen]
        return Correspondences(chosen.astype(np.int64), matches[chosen], scores)


def assignment_loss(found: Tensor, query_targets: Tensor, reference_targets: Tensor) -> Tensor:
    """Return the loss; pairs and dustbins weigh the same in each pair of pictures.

    Args:
        found: (B, M + 1, N + 1) log-probabilities as the networks give them.
        query_targets: (B, M) int64, see `TrainingPair`.
        reference_targets: (B, N) int64, the same for the references.
    """
    paired = query_targets >= 0
    partner = query_targets.clamp(min=0)[..., None]
    together = -found[:, :-1, :-1].gather(2, partner)[..., 0]
    alone = torch.cat([-found[:, :-1, -1], -found[:, -1, :-1]], dim=1)
    lonely = torch.cat([query_targets, reference_targets], dim=1) == DUSTBIN
    return (_mean(together, paired) + _mean(alone, lonely)).mean() / 2


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Return (B,) means over the mask, 0 where it is empty."""
    total = values.masked_fill(~mask, 0.0).sum(dim=1)
    return total / mask.sum(dim=1).clamp(min=1)
