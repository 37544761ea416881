"""Runs networks: OpenVINO on a CPU, torch in half precision on CUDA, torch float32 as reference.

A network is a handful of functions from arrays to arrays. Everything whose exact value matters
(coordinates, the softmax of the assignment, Sinkhorn, suppression) stays outside of them, in
float32.

On a CPU, torch is needed only once per weights file: to export the network. What was exported is
kept in the cache folder and starts in a fraction of a second, without importing torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.networks.weights import Weights

Array = NDArray[np.float32] | NDArray[np.bool_]


class NetworkFunction(Protocol):
    """One compiled part of a network; safe to call from several threads, one runs at a time."""

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        """Float32 and bool arrays in, float32 arrays out; blocks while it computes."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LoadedNetwork:
    """A network that is ready to be called.

    Attributes:
        weights: what it was made from.
        functions: by name: `detect`, `embed`, `extract`, `compare`, or `encode` and `attend`.
        facts: numbers of the network that are no function, such as `bin_score`.
    """

    weights: Weights
    functions: Mapping[str, NetworkFunction]
    facts: Mapping[str, float]


class Runtime(Protocol):
    """Where networks run."""

    @property
    def name(self) -> str:
        """For people: library, device and arithmetic."""
        ...

    def prepare(self, weights: Weights) -> None:
        """Do now what `load` would otherwise do the first time; may take seconds.

        Raises:
            WeightsError: the file cannot be read, is another one, or does not fit.
            RuntimeUnavailable: the cache folder cannot be written.
        """
        ...

    def load(self, weights: Weights) -> LoadedNetwork:
        """A network whose functions compile when they are first called.

        Raises:
            WeightsError: the file cannot be read, is another one, or does not fit.
            RuntimeUnavailable: the cache folder cannot be written.
        """
        ...
