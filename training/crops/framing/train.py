"""Trains the ranker of thumbnails: principal axes of the features, then a small network on them.

The loss is a margin that grows with less overlap, as in Chen et al., "Learning to compose with
professional photographs on the web" (2017): the further a window is from the photographer's, the
more it shall lose by.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torch import Tensor, nn
from typing_extensions import override

from matcher.crops.thumbnail.feature_map import ImageNetFeatures
from matcher.crops.thumbnail.framing_pairs import ALONE_SIDE_PX
from matcher.crops.thumbnail.ranker import FramingWeights
from matcher.networks.runtime import LoadedNetwork
from training.crops.framing.material import (
    GRID,
    FramedPicture,
    FramingNetworks,
    FramingSample,
    OnPicture,
    framed_pictures,
    sample_windows,
)
from training.data.sources import TrainingData

_AXES: Final = 64  # of 432 channels; they hold three fifths of the variance
_AXES_PICTURES: Final = 400  # that the axes are found on
_EVERY: Final = 7  # places of a map that go into the axes: one in so many rows
_HIDDEN: Final = 64
_DROPOUT: Final = 0.5
_DECAY: Final = 0.05  # of weights
_RATE: Final = 1e-3
_EPOCHS: Final = 40
_JOINED: Final = 2  # networks from different beginnings, whose scores are added
_SAME_SIZE: Final = 3.0  # weight of windows of the same size: they are harder to tell
_BATCH: Final = 128  # pictures
_LEAST_MARGIN: Final = 0.2  # by which the whole shall beat even a window that is nearly all of it


@dataclass(frozen=True, slots=True, eq=False)
class TrainedFraming:
    """A trained ranker, and how often the photographer's framing won.

    Attributes:
        weights: to be saved.
        figures: shares of held-out pairs, by name.
    """

    weights: FramingWeights
    figures: Mapping[str, float]


def train_framing(
    data: TrainingData, network: LoadedNetwork, seed: int, on_picture: OnPicture
) -> TrainedFraming:
    """Train on the data folder's pictures; takes minutes, on one thread.

    Args:
        data: the data folder.
        network: EfficientNet-Lite0.
        seed: of all chance.
        on_picture: called with pictures done and pictures in all.
    """
    rng = np.random.default_rng(seed)
    pictures = framed_pictures(data)
    mapped = ImageNetFeatures(network)
    known = [picture for picture in pictures if not picture.is_held_out]
    axes = find_axes(mapped, [known[at] for at in rng.permutation(len(known))[:_AXES_PICTURES]])
    networks = FramingNetworks(ImageNetFeatures(network, ALONE_SIDE_PX), mapped, axes.project)
    samples: dict[bool, list[FramingSample]] = {False: [], True: []}
    for done, picture in enumerate(pictures):
        on_picture(done, len(pictures))
        samples[picture.is_held_out].append(sample_windows(picture.read(), networks, rng))
    net = fit_ranker(samples[False], seed)
    return TrainedFraming(_weights(axes, net), measure_ranker(net, samples[True]))


def save_framing(weights: FramingWeights, path: Path) -> None:
    """Write the weights as safetensors."""
    tensors = {field.name: getattr(weights, field.name) for field in fields(weights)}
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureAxes:
    """Mean and spread of each channel, and the whitened principal axes of the rest.

    Attributes:
        mean: (C,).
        spread: (C,).
        axes: (C, K).
    """

    mean: NDArray[np.float32]
    spread: NDArray[np.float32]
    axes: NDArray[np.float32]

    def project(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (rows, columns, C) to (rows, columns, K)."""
        return np.asarray(((values - self.mean) / self.spread) @ self.axes, np.float32)


def find_axes(network: ImageNetFeatures, pictures: Sequence[FramedPicture]) -> FeatureAxes:
    """Find the axes along which the features of some pictures vary most."""
    seen = [network.look(picture.read()).values for picture in pictures]
    rows = np.concatenate([values.reshape(-1, values.shape[2])[::_EVERY] for values in seen])
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    normal = (rows - mean) / spread
    variances, axes = np.linalg.eigh(normal.T @ normal / len(normal))
    largest = np.argsort(-variances)[:_AXES]
    whitened = axes[:, largest] / np.sqrt(variances[largest] + 1e-3)
    return FeatureAxes(mean, spread, np.asarray(whitened, np.float32))


class FramingNet(nn.Module):
    """Scores windows by their pooled features; randomly initialised."""

    def __init__(self, axes: int = _AXES, hidden: int = _HIDDEN) -> None:
        super().__init__()
        self.hidden = nn.Linear(GRID * GRID * axes, hidden)
        self.score = nn.Linear(hidden, 1)
        self.drop_input = nn.Dropout(_DROPOUT / 2)
        self.drop_hidden = nn.Dropout(_DROPOUT)

    @override
    def forward(self, pooled: Tensor) -> Tensor:
        """Map (…, G, G, K) to (…) scores."""
        hidden = torch.relu(self.hidden(self.drop_input(pooled.flatten(-3))))
        scores: Tensor = self.score(self.drop_hidden(hidden))[..., 0]
        return scores


def fit_ranker(samples: Sequence[FramingSample], seed: int) -> FramingNet:
    """Train on pictures' windows; single-threaded, the same for the same seed."""
    stacked = _stack(samples)
    return join_nets([_fit(stacked, _JOINED * seed + number) for number in range(_JOINED)])


def join_nets(nets: Sequence[FramingNet]) -> FramingNet:
    """Return one wider network whose score is the mean of those of others."""
    hidden = torch.cat([net.hidden.weight for net in nets])
    joined = FramingNet(hidden.shape[1] // GRID**2, len(hidden))
    with torch.no_grad():
        joined.hidden.weight.copy_(hidden)
        joined.hidden.bias.copy_(torch.cat([net.hidden.bias for net in nets]))
        joined.score.weight.copy_(torch.cat([net.score.weight for net in nets], 1) / len(nets))
        joined.score.bias.copy_(torch.stack([net.score.bias for net in nets]).mean(dim=0))
    return joined.eval()


def _fit(stacked: Mapping[str, Tensor], seed: int) -> FramingNet:
    torch.manual_seed(seed)
    count = len(stacked["whole"])
    net = FramingNet(stacked["whole"].shape[-1]).train()
    optimiser = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY)
    for _ in range(_EPOCHS):
        order = torch.randperm(count)
        for start in range(0, count, _BATCH):
            chosen = order[start : start + _BATCH]
            loss = _loss(net, {name: tensor[chosen] for name, tensor in stacked.items()})
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return net.eval()


def measure_ranker(net: FramingNet, samples: Sequence[FramingSample]) -> Mapping[str, float]:
    """Return how often the photographer's framing won against each kind of window."""
    stacked = _stack(samples)
    with torch.inference_mode():
        whole = net(stacked["whole"])[:, None] > net(stacked["random"])
        same, mapped = net(stacked["same_size"]), net(stacked["mapped"])
    return {
        "held_out_against_random_crops": round(float(whole.float().mean()), 4),
        "held_out_against_same_size": _won(same),
        "held_out_against_same_size_mapped": _won(mapped),
        "held_out_pictures": len(samples),
    }


def _won(scores: Tensor) -> float:
    return round(float((scores[..., :1] > scores[..., 1:]).float().mean()), 4)


def _loss(net: FramingNet, batch: Mapping[str, Tensor]) -> Tensor:
    # Mirrored pictures are framed as well: cells change sides, their features stay about the same.
    turned: Callable[[Tensor], Tensor] = (
        (lambda cells: cells.flip(-2)) if torch.rand(1) < 0.5 else (lambda cells: cells)
    )
    lead = net(turned(batch["whole"]))[:, None] - net(turned(batch["random"]))
    total = torch.relu(1 - batch["random_overlap"] + _LEAST_MARGIN - lead).mean()
    for name in ("same_size", "mapped"):
        scores, overlap = net(turned(batch[name])), batch[name.removesuffix("_size") + "_overlap"]
        margin = 1 - overlap[..., 1:]
        lost = torch.relu(margin - (scores[..., :1] - scores[..., 1:])).mean()
        total = total + _SAME_SIZE * lost
    return total


def _stack(samples: Sequence[FramingSample]) -> dict[str, Tensor]:
    names = [field.name for field in fields(FramingSample)]
    return {
        name: torch.from_numpy(np.stack([getattr(s, name) for s in samples]).astype(np.float32))
        for name in names
    }


def _weights(axes: FeatureAxes, net: FramingNet) -> FramingWeights:
    def plain(tensor: Tensor) -> NDArray[np.float32]:
        return np.ascontiguousarray(tensor.detach().numpy(), np.float32)

    return FramingWeights(
        axes.mean,
        axes.spread,
        axes.axes,
        plain(net.hidden.weight.T),
        plain(net.hidden.bias),
        plain(net.score.weight.T),
        plain(net.score.bias),
    )
