"""The learning curve: the same head with 5 to 100 % of the labelled art, several times each.

A head is first trained without any art. From it, runs of equal length go on with shares of the
pictures, drawn anew for each seed, so that the shares differ in nothing but what they show. The
published features of all pictures are computed once: a run is some minutes of the head alone.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matcher.crops.propose.network import ProposerNetwork
from matcher.crops.propose.proposer import CropProposer
from matcher.imaging.resize import to_planes
from matcher.networks.proposer_net import ProposerNet
from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Network, Weights
from training.crops.propose.art import read_art_split
from training.crops.propose.metrics import measure_proposals
from training.crops.propose.scenes import SceneSampler
from training.crops.propose.stock import Stock, read_stock
from training.crops.propose.target import TargetPicture
from training.crops.propose.train import ProposerLoss
from training.data.sources import TrainingData
from training.loop.trainer import rate_share

SHARES: Final = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0)
SEEDS: Final = (0, 1, 2)
_SIDE: Final = 320  # pixels of the squares learnt from
_BATCH: Final = 10
_INPUT_SIZE: Final = 480.0  # pixels, as released
_BASE_RATE: Final = 2e-3
_RATE: Final = 6e-4
_DECAY: Final = 1e-3


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One run of the curve.

    Attributes:
        share: of the labelled pictures that it learnt from.
        pictures: how many these were.
        seed: of their choice and of all else.
        iou50: share of kept pictures whose first proposal covers a label by half.
        median_iou: of the first proposals with their labels.
    """

    share: float
    pictures: int
    seed: int
    iou50: float
    median_iou: float


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """Settings of a curve.

    Attributes:
        data: the data folder.
        composed: drawn scenes without art that every run learns from.
        views: of each labelled picture; of half of them the place is hung anew.
        base_steps: of the head without art.
        steps: of each run from it.
    """

    data: Path
    composed: int = 600
    views: int = 20
    base_steps: int = 700
    steps: int = 150


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A picture whose features are known: its things, and three maps in half precision."""

    picture: TargetPicture
    maps: tuple[NDArray[np.float16], ...]


def draw_curve_points(
    options: CurveOptions, features: LoadedNetwork, shares: Sequence[float] = SHARES
) -> Iterator[CurvePoint]:
    """Train and measure every run; yield each as it is done.

    Raises:
        TrainingError: the data folder is not complete.
    """
    split = read_art_split(options.data)
    stock = read_stock(TrainingData.open(options.data), split)
    composed = _compose(stock, options, features)
    views = _view(stock, options, features)
    base = ProposerNet()
    loss = ProposerLoss()
    _fit(base, loss, composed, (), options.base_steps, _BASE_RATE, np.random.default_rng(0))
    for share in shares:
        for seed in SEEDS if share else SEEDS[:1]:
            chosen = choose_share(len(views), share, seed)
            art = [view for index in chosen for view in views[index]]
            head = copy.deepcopy(base)
            _fit(head, loss, composed, art, options.steps, _RATE, np.random.default_rng(seed))
            figures = measure_proposals(_proposer(features, head), split.kept)
            iou50, median = figures["kept_art_iou50"], figures["kept_art_median_iou"]
            yield CurvePoint(share, len(chosen), seed, iou50, median)


def choose_share(count: int, share: float, seed: int) -> tuple[int, ...]:
    """Draw places of a share of pictures, at least one unless the share is 0.

    Of one seed, larger shares hold the smaller ones.
    """
    order = np.random.default_rng(seed).permutation(count)
    wanted = max(round(share * count), 1) if share > 0 else 0
    return tuple(order[:wanted].tolist())


def _compose(stock: Stock, options: CurveOptions, features: LoadedNetwork) -> list[_Seen]:
    sampler = SceneSampler(stock.with_art(()), np.random.default_rng(1))
    return [_look(sampler.draw(_SIDE), features) for _ in range(options.composed)]


def _view(stock: Stock, options: CurveOptions, features: LoadedNetwork) -> list[list[_Seen]]:
    rng = np.random.default_rng(2)
    views = []
    for picture in stock.art:
        sampler = SceneSampler(stock.with_art((picture,)), rng)
        moved = [sampler.move(picture, _SIDE) for _ in range(options.views // 2)]
        anew = [sampler.hang_anew(picture, _SIDE) for _ in range(options.views // 2)]
        views.append([_look(view, features) for view in moved + anew])
    return views


def _look(picture: TargetPicture, features: LoadedNetwork) -> _Seen:
    maps = features.functions["pyramid"](to_planes(picture.image[None]))
    blank = np.broadcast_to(np.uint8(0), picture.image.shape)  # only its size is needed from here
    return _Seen(
        TargetPicture(blank, picture.targets), tuple(level.astype(np.float16) for level in maps)
    )


def _fit(
    head: ProposerNet,
    loss: ProposerLoss,
    composed: Sequence[_Seen],
    art: Sequence[_Seen],
    steps: int,
    rate: float,
    rng: np.random.Generator,
) -> None:
    """Train a head in place: half of a batch is art, if there is any."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=_DECAY)
    head.train()
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * rate_share(step / steps)
        batch = [composed[index] for index in rng.integers(len(composed), size=_BATCH)]
        if art:
            batch[: _BATCH // 2] = [art[i] for i in rng.integers(len(art), size=_BATCH // 2)]
        maps = _stack(batch)
        with torch.autocast("cpu", torch.bfloat16):
            raw: Tensor = head(*maps)
        value = loss.of(raw.float(), maps, [seen.picture for seen in batch])
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    head.eval()


def _stack(batch: Sequence[_Seen]) -> list[Tensor]:
    levels = zip(*(seen.maps for seen in batch), strict=True)
    return [
        torch.from_numpy(np.concatenate(level).astype(np.float32)).to(
            memory_format=torch.channels_last
        )
        for level in levels
    ]


def _proposer(features: LoadedNetwork, head: ProposerNet) -> CropProposer:
    def propose(*maps: Array) -> tuple[NDArray[np.float32], ...]:
        with torch.inference_mode():
            raw: Tensor = head(*(torch.from_numpy(level) for level in maps))
        return (raw.numpy(),)

    weights = Weights(Network.PROPOSER, Path(), "", {"input_size": _INPUT_SIZE})
    return CropProposer(ProposerNetwork(features, LoadedNetwork(weights, {"propose": propose}, {})))
