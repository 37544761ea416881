"""Fine-tunes the embedder on the products of one catalog, from given weights.

A batch holds products of the catalog beside those that look most like them, and a few families of
invented near-twins, so that earlier knowledge is not forgotten.
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

# Of each batch: products with their nearest other, and families of invented near-twins.
_PAIRS: Final = 8
_FAMILIES: Final = 4
_FAMILY: Final = 3
# Families are drawn from the seeds below: most were trained on before.
_KNOWN_FAMILIES: Final = 500
_BACKGROUNDS: Final = 160
_PEAK_RATE: Final = 1.5e-4
# Share that each step keeps: a short run's average must not be mostly the network it began with.
_AVERAGING: Final = 0.95
_WEIGHT_DECAY: Final = 0.02
# Share of first views that are shown as a catalog shows them.
_PLAIN: Final = 0.5
# Loss on invented packages that is tolerated: one view in twenty.
_FORGETTABLE: Final = 0.05
# Seeds of the views to choose the best network by, and of those to report.
_CHOOSING, _REPORTING = 1, 2


@dataclass(frozen=True, slots=True)
class EmbedderFinetuneOptions:
    """Settings of one fine-tuning.

    Attributes:
        run: minutes, seed, device and where checkpoints go; its `data` is not read.
        start: weights to start from.
        present: the weights that serve the catalog now, to be compared with.
    """

    run: RunOptions
    start: Weights
    present: Weights


@dataclass(frozen=True, slots=True, eq=False)
class FinetunedEmbedder:
    """The fine-tuned network; for its figures see `training.finetune.metrics.EmbedderEvaluation`.

    Attributes:
        state: tensors of the network, by name.
        before: figures of the present weights.
        after: figures of the fine-tuned ones, on the same views and pictures.
    """

    state: Mapping[str, Tensor]
    before: Mapping[str, float]
    after: Mapping[str, float]

    @property
    def is_better(self) -> bool:
        """Whether the catalog's products gained, and invented packages lost little."""
        forgotten = self.before["others_top1"] - self.after["others_top1"]
        gained = catalog_score(self.after) - catalog_score(self.before)
        return gained > 0 and forgotten <= _FORGETTABLE


def catalog_score(figures: Mapping[str, float]) -> float:
    """Return how well the catalog's own products are told apart, in [0, 1]."""
    counted = [
        figures[name] for name in ("views_top1", "pictures_top1", "twins") if name in figures
    ]
    return float(np.mean(counted))


def finetune_embedder(
    products: Sequence[CatalogProduct],
    options: EmbedderFinetuneOptions,
    report: OnReport,
    backgrounds: Sequence[NDArray[np.uint8]] = (),
) -> FinetunedEmbedder:
    """Train within the time bound; see `Trainer.run` for what it writes.

    Args:
        products: of the catalog.
        options: how.
        report: called with the progress.
        backgrounds: to stand behind the products; drawn ones if there are none.

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
    behind = list(backgrounds) or draw_backgrounds(_BACKGROUNDS, run_options.seed)
    seen, unseen = split_backgrounds(behind)
    choosing, reporting = (
        EmbedderEvaluation(
            products, twins, unseen, max(side, present_side), run_options.seed + 10 * number
        )
        for number in (_CHOOSING, _REPORTING)
    )
    before = reporting.measure(by_present)
    trainer = EmbedderFinetuner(load_embedder(options.start), side, choosing, run_options)
    trainer.restore()
    rng = trainer.fresh_rng()
    sampler = FinetuneSampler(products, twins, seen, rng)
    trainer.views = trainer.make_loader(lambda _share: sampler.batch(side), rng)
    best = trainer.run(report)
    state = load_checkpoint(best, run_options.device)["net"]
    trainer.average.module.load_state_dict(state)
    return FinetunedEmbedder(state, before, reporting.measure(trainer.embed))


def load_embedder(weights: Weights) -> EmbeddingNet:
    """Load our embedder with these weights, ready to be trained.

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
    """Return the side of the squares, in pixels, that the weights see crops as."""
    return int(weights.option("input_size", 0))


class FinetuneSampler:
    """A source of batches; not thread-safe, because of its random generator."""

    def __init__(
        self,
        products: Sequence[CatalogProduct],
        twins: NDArray[np.intp],
        backgrounds: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
    ) -> None:
        self._products = products
        self._twins = twins
        self._backgrounds = backgrounds
        self._rng = rng

    def batch(self, side: int) -> ViewBatch:
        """Draw two views of `side` pixels of each product and print."""
        rng = self._rng
        drawn = rng.permutation(len(self._products))[:_PAIRS]
        own = list(dict.fromkeys(i for n in drawn for i in (int(n), int(self._twins[n]))))
        views: list[NDArray[np.uint8]] = []
        for index in own:
            pictures = self._products[index].pictures
            first, second = (pictures[int(rng.integers(len(pictures)))].subject() for _ in range(2))
            views += self._two_views(first, second, side)
        for seed in rng.choice(_KNOWN_FAMILIES, _FAMILIES, replace=False):
            for print_ in draw_family(int(seed), _FAMILY):
                views += self._two_views(flat_subject(print_), flat_subject(print_), side)
        labels = np.repeat(np.arange(len(views) // 2, dtype=np.int64), 2)
        return ViewBatch(np.stack(views), labels)

    def _two_views(
        self, first: Subject, second: Subject, side: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Draw one view as a catalog (mostly) and one as a shop shows a product."""
        rng = self._rng
        if rng.random() < _PLAIN:
            shown = draw_view(first, CATALOG_POSE, side, rng, degradation=CATALOG_DEGRADATION)
        else:
            shown = draw_view(first, SHOP_POSE, side, rng, self._background(), SHOP_DEGRADATION)
        return shown, draw_view(second, SHOP_POSE, side, rng, self._background(), SHOP_DEGRADATION)

    def _background(self) -> NDArray[np.uint8]:
        return self._backgrounds[int(self._rng.integers(len(self._backgrounds)))]


class EmbedderFinetuner(Trainer):
    """The trainer that fine-tunes the embedder."""

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
        """The embedding by the averaged network."""
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
    """Update an exponential moving average for runs of some dozens of steps; copy counters."""
    for mean, value in zip(average, current, strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - _AVERAGING)
        else:
            mean.copy_(value)


def split_backgrounds(
    backgrounds: Sequence[NDArray[np.uint8]],
) -> tuple[Sequence[NDArray[np.uint8]], Sequence[NDArray[np.uint8]]]:
    """Split into backgrounds to train with and every fourth to measure with; few serve for both."""
    kept = [picture for number, picture in enumerate(backgrounds) if number % 4]
    return (kept, backgrounds[::4]) if kept else (backgrounds, backgrounds)
