"""The networks that pair keypoints, as they begin to be trained."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import torch
from torch import Tensor, nn

from superglue.lightglue import LightGlue, LightGlueSizes
from superglue.superglue import SuperGlue, SuperGlueSizes
from training.errors import TrainingError
from training.superglue.published import start_as_published

ITERATIONS: Final = 10
_HEADS: Final = 4
# Numbers of a keypoint's geometry: position and score; RootSIFT adds scale and angle (as sine and
# cosine), SuperPoint has neither.
_PLACED: Final = 3
_ORIENTED: Final = 6
# Channels of the keypoint encoder's layers, up to the network's width.
_ENCODER: Final = (32, 64, 128, 256)
# At the start: the factor of a cosine, the cosine of a keypoint without partner, and the noise of
# the last projection that lets its channels differ.
_TEMPERATURE: Final = 22.0
_ALONE: Final = 0.7
_NOISE: Final = 0.02
_PEAK_RATE: Final = 8e-4
# Of a network whose layers begin as published ones: they are to change little, its entry much.
_ENTRY_RATE: Final = 2e-3
_LAYERS_PACE: Final = 0.05  # of the rate of the entry

GlueNetwork = SuperGlue | LightGlue


class GlueDesign(Protocol):
    """The shape of a network, and how it begins."""

    @property
    def peak_rate(self) -> float:
        """The highest learning rate."""

    def build(self, descriptors: int, *, oriented: bool) -> GlueNetwork:
        """Return the network before its first step.

        Args:
            descriptors: length of one.
            oriented: whether keypoints have a scale and an angle.

        Raises:
            TrainingError: there is no such shape.
        """

    def groups(self, network: GlueNetwork) -> list[dict[str, Any]]:
        """Return the optimiser's groups of parameters."""


@dataclass(frozen=True, slots=True)
class SuperGlueDesign:
    """A SuperGlue that begins as a soft nearest-neighbour matcher.

    Attributes:
        width: channels inside.
        layers: pairs of a self and a cross layer.
    """

    width: int
    layers: int

    @property
    def peak_rate(self) -> float:
        """The highest learning rate."""
        return _PEAK_RATE

    def build(self, descriptors: int, *, oriented: bool) -> SuperGlue:
        """Return the network before its first step.

        Raises:
            TrainingError: the heads cannot share the width.
        """
        if self.width % _HEADS:
            raise TrainingError(f"--width must be a multiple of {_HEADS}, not {self.width}")
        sizes = SuperGlueSizes(
            descriptors=descriptors,
            width=self.width,
            layers=2 * self.layers,
            heads=_HEADS,
            geometry=_ORIENTED if oriented else _PLACED,
            encoder=tuple(width for width in _ENCODER if width <= self.width),
        )
        net = SuperGlue(sizes, ITERATIONS)
        start_as_nearest_neighbour(net)
        return net

    def groups(self, network: GlueNetwork) -> list[dict[str, Any]]:
        """Return the optimiser's groups of parameters."""
        return [{"params": list(network.parameters())}]


@dataclass(frozen=True, slots=True)
class LightGlueDesign:
    """A LightGlue that begins as the first layers of the published one, or from nothing.

    Attributes:
        layers: pairs of a self and a cross layer.
        published: whether to begin as the published one.
    """

    layers: int
    published: bool = True

    @property
    def peak_rate(self) -> float:
        """The highest learning rate."""
        return _ENTRY_RATE if self.published else _PEAK_RATE / 2

    def build(self, descriptors: int, *, oriented: bool) -> LightGlue:
        """Return the network before its first step.

        Raises:
            TrainingError: the published one has fewer layers.
            WeightsError: its package is not installed, or its file is another one.
        """
        geometry = _ORIENTED if oriented else _PLACED
        net = LightGlue(LightGlueSizes(descriptors, layers=self.layers, geometry=geometry))
        if self.published:
            start_as_published(net)
        return net

    def groups(self, network: GlueNetwork) -> list[dict[str, Any]]:
        """Return the optimiser's groups of parameters; published layers change slowly."""
        entry = list(_entry(network))
        known = {id(parameter) for parameter in entry}
        layers = [item for item in network.parameters() if id(item) not in known]
        pace = _LAYERS_PACE if self.published else 1.0
        return [{"params": entry}, {"params": layers, "pace": pace}]


def _entry(network: GlueNetwork) -> Iterator[nn.Parameter]:
    for name, parameter in network.named_parameters():
        if name.startswith(("input_proj.", "posenc.")):
            yield parameter


@torch.no_grad()
def start_as_nearest_neighbour(net: SuperGlue) -> None:
    """Make a fresh network score pairs by the cosine of their descriptors.

    Descriptors fill the first channels with a mean square near 1, places and turns the others;
    every layer's change begins at zero, and the last projection passes the descriptors on.
    """
    sizes = net.sizes
    entry, room = sizes.descriptors, sizes.width - sizes.descriptors
    gain = 1.0
    if room != 0:
        gain = math.sqrt(entry)
        first = net.input_proj
        weight = torch.eye(sizes.width, entry) if room > 0 else _orthogonal(sizes.width, entry)
        first.weight.copy_(gain * weight[..., None])
        nn.init.zeros_(cast(Tensor, first.bias))
    if room > 0:
        _last(net.kenc.encoder).weight[:entry] = 0.0
    else:
        nn.init.zeros_(_last(net.kenc.encoder).weight)
    for layer in net.gnn.layers:
        nn.init.zeros_(_last(cast(nn.Sequential, layer.mlp)).weight)
    scale = math.sqrt(_TEMPERATURE * math.sqrt(sizes.width)) / gain
    passed = scale * torch.eye(sizes.width)
    passed[min(entry, sizes.width) :] = 0.0
    noise = _NOISE * scale * torch.randn(sizes.width, sizes.width) / math.sqrt(sizes.width)
    net.final_proj.weight.copy_((passed + noise)[..., None])
    nn.init.zeros_(cast(Tensor, net.final_proj.bias))
    net.bin_score.fill_(_TEMPERATURE * _ALONE)


def _orthogonal(rows: int, columns: int) -> Tensor:
    return nn.init.orthogonal_(torch.empty(rows, columns))


def _last(layers: nn.Sequential) -> nn.Conv1d:
    return cast(nn.Conv1d, layers[-1])
