"""Adapts the embedder to the products of one catalog.

Starts from given weights. A batch holds products of the catalog beside those that look most like
them, and a few families of invented near-twins, so that what was learned before is not forgotten.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from typing_extensions import override

from matcher.networks.graphs import build_network
from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Weights, read_state
from training.augment.views import (
    CATALOG_DEGRADATION,
    CATALOG_POSE,
    SHOP_DEGRADATION,
    SHOP_POSE,
    Subject,
    draw_view,
)
from training.data.backgrounds import draw_backgrounds
from training.data.catalog_products import CatalogProduct
from training.data.prints import draw_family
from training.embedder.metrics import Embed
from training.embedder.sampler import ViewBatch
from training.embedder.train import embed_crops, embedding_loss, to_images
from training.errors import TrainingError
from training.finetune.metrics import EmbedderEvaluation, find_nearest_others, flat_subject
from training.loop.checkpoint import load_checkpoint
from training.loop.loader import BatchLoader
from training.loop.progress import OnReport
from training.loop.trainer import RunOptions, Trainer

_PAIRS: Final = 8
_FAMILIES: Final = 4
_FAMILY: Final = 3
_KNOWN_FAMILIES: Final = 500
_PLACES: Final = 160
_PEAK_RATE: Final = 1.5e-4
# Of short runs the average must not be mostly the network that they began with.
_AVERAGING: Final = 0.95
_WEIGHT_DECAY: Final = 0.02
_PLAIN: Final = 0.5
# Of what else it knew, no more than this may be lost: one view in twenty.
_FORGETTABLE: Final = 0.05
# Sets to choose the best network by, and to report: different views.
_CHOOSING, _REPORTING = 1, 2


@dataclass(frozen=True, slots=True)
class EmbedderFinetuneOptions:
    """One adaptation.

    Attributes:
        run: minutes, seed, device and where checkpoints go; its `data` is not read.
        start: weights to start from.
        present: those that the catalog is served by now, to be compared with.
    """

    run: RunOptions
    start: Weights
    present: Weights


@dataclass(frozen=True, slots=True, eq=False)
class FinetunedEmbedder:
    """What came of it; see `training.finetune.metrics.EmbedderEvaluation` for the figures.

    Attributes:
        state: tensors of the network, by name.
        before: figures of the present weights.
        after: of the adapted ones, on the same views and pictures.
    """

    state: Mapping[str, Tensor]
    before: Mapping[str, float]
    after: Mapping[str, float]

    @property
    def is_better(self) -> bool:
        """Whether the catalog gained, and little else was lost."""
        forgotten = self.before["others_top1"] - self.after["others_top1"]
        gained = catalog_score(self.after) - catalog_score(self.before)
        return gained > 0 and forgotten <= _FORGETTABLE


def catalog_score(figures: Mapping[str, float]) -> float:
    """How well the catalog's own products are told apart, in [0, 1]."""
    counted = [
        figures[name] for name in ("views_top1", "pictures_top1", "twins") if name in figures
    ]
    return float(np.mean(counted))


def finetune_embedder(
    products: Sequence[CatalogProduct],
    options: EmbedderFinetuneOptions,
    report: OnReport,
    places: Sequence[NDArray[np.uint8]] = (),
) -> FinetunedEmbedder:
    """Train within the time bound; see `Run.complete` for what it writes.

    Args:
        products: of the catalog.
        options: how.
        report: told how far it is.
        places: to stand behind the products; drawn ones if there are none.

    Raises:
        TrainingError: the weights are not of our embedder, or a checkpoint cannot be read.
        WeightsError: they cannot be read.
    """
    run_options = options.run
    run_options.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(run_options.seed)
    side = input_side(options.start)
    present, present_side = load_embedder(options.present), input_side(options.present)
    present.to(run_options.device)

    def by_present(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return embed_crops(present, crops, run_options.device, present_side)

    twins = find_nearest_others(products, by_present)
    behind = list(places) or draw_backgrounds(_PLACES, run_options.seed)
    seen, unseen = split_backgrounds(behind)
    choosing, reporting = (
        EmbedderEvaluation(
            products, twins, unseen, max(side, present_side), run_options.seed + 10 * number
        )
        for number in (_CHOOSING, _REPORTING)
    )
    before = reporting.measure(by_present)
    run = EmbedderFinetuner(load_embedder(options.start), side, choosing, run_options)
    run.restore()
    rng = run.fresh_rng()
    sampler = FinetuneSampler(products, twins, seen, rng)
    run.views = run.make_loader(lambda _share: sampler.batch(side), rng)
    best = run.run(report)
    state = load_checkpoint(best, run_options.device)["net"]
    run.average.module.load_state_dict(state)
    return FinetunedEmbedder(state, before, reporting.measure(run.embed))


def load_embedder(weights: Weights) -> EmbeddingNet:
    """Our embedder with these weights, ready to be trained.

    Raises:
        TrainingError: they are of another network, or see pictures in another way.
        WeightsError: they cannot be read.
    """
    state = read_state(weights.path, weights.sha256)
    net = build_network(weights.network, state, weights.options, weights.path.name)
    if not isinstance(net, EmbeddingNet) or not weights.option("squeeze", 0):
        raise TrainingError(
            f"{weights.path.name} is no embedder of ours (ResNet34 that sees squeezed crops): "
            "adapt the shipped one, or train one with skulens train embedder --data DIR"
        )
    return net.requires_grad_()


def input_side(weights: Weights) -> int:
    """Pixels at which the weights see a crop."""
    return int(weights.option("input_size", 0))


class FinetuneSampler:
    """Draws batches; not thread-safe, because of its random generator."""

    def __init__(
        self,
        products: Sequence[CatalogProduct],
        twins: NDArray[np.intp],
        places: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
    ) -> None:
        self._products = products
        self._twins = twins
        self._places = places
        self._rng = rng

    def batch(self, side: int) -> ViewBatch:
        """Two views of `side` pixels of each thing."""
        rng = self._rng
        drawn = rng.permutation(len(self._products))[:_PAIRS]
        own = list(dict.fromkeys(i for n in drawn for i in (int(n), int(self._twins[n]))))
        views: list[NDArray[np.uint8]] = []
        for index in own:
            looks = self._products[index].pictures
            first, second = (looks[int(rng.integers(len(looks)))].subject() for _ in range(2))
            views += self._two_views(first, second, side)
        for seed in rng.choice(_KNOWN_FAMILIES, _FAMILIES, replace=False):
            for print_ in draw_family(int(seed), _FAMILY):
                views += self._two_views(flat_subject(print_), flat_subject(print_), side)
        labels = np.repeat(np.arange(len(views) // 2, dtype=np.int64), 2)
        return ViewBatch(np.stack(views), labels)

    def _two_views(
        self, first: Subject, second: Subject, side: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """As a catalog shows it (mostly), and as a shop does."""
        rng = self._rng
        if rng.random() < _PLAIN:
            shown = draw_view(first, CATALOG_POSE, side, rng, light=CATALOG_DEGRADATION)
        else:
            shown = draw_view(first, SHOP_POSE, side, rng, self._place(), SHOP_DEGRADATION)
        return shown, draw_view(second, SHOP_POSE, side, rng, self._place(), SHOP_DEGRADATION)

    def _place(self) -> NDArray[np.uint8]:
        return self._places[int(self._rng.integers(len(self._places)))]


class EmbedderFinetuner(Trainer):
    """The adaptation's part of a run."""

    views: BatchLoader[ViewBatch]

    def __init__(
        self, net: EmbeddingNet, side: int, choosing: EmbedderEvaluation, options: RunOptions
    ) -> None:
        net.to(memory_format=torch.channels_last)
        net.to(options.device)
        groups = [{"params": list(net.parameters()), "weight_decay": _WEIGHT_DECAY}]
        super().__init__(net, groups, _PEAK_RATE, options)
        self.average = AveragedModel(net, multi_avg_fn=average_closely, use_buffers=True)
        self._side = side
        self._choosing = choosing

    @property
    def embed(self) -> Embed:
        """By the averaged network."""
        return lambda crops: embed_crops(
            self.average.module, crops, self.options.device, self._side
        )

    @override
    def loss(self) -> Tensor:
        batch = self.views.next(self.share)
        return embedding_loss(self.net, to_images(batch, self.options.device), batch)

    @override
    def measure(self) -> dict[str, float]:
        return self._choosing.measure(self.embed)

    @override
    def score(self, figures: Mapping[str, float]) -> float:
        return catalog_score(figures) + figures["others_top1"]


@torch.no_grad()
def average_closely(
    average: Sequence[Tensor] | tuple[Tensor, ...],
    current: Sequence[Tensor] | tuple[Tensor, ...],
    _count: object,
) -> None:
    """Exponential moving average for runs of some dozens of steps; counters are copied."""
    for mean, value in zip(average, current, strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - _AVERAGING)
        else:
            mean.copy_(value)


def split_backgrounds(
    places: Sequence[NDArray[np.uint8]],
) -> tuple[Sequence[NDArray[np.uint8]], Sequence[NDArray[np.uint8]]]:
    """Places to train in, and every fourth one to measure in; the same where there are few."""
    kept = [place for number, place in enumerate(places) if number % 4]
    return (kept, places[::4]) if kept else (places, places)
