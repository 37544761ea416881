"""The protocol of runtimes, and a network that one loaded: functions from arrays to arrays.

Everything whose exact value matters (coordinates, the softmax of the assignment, Sinkhorn,
suppression) stays outside of these functions, in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.networks.weights import Weights

Array = NDArray[np.float32] | NDArray[np.bool_]


class NetworkFunction(Protocol):
    """One compiled part of a network; safe to call from several threads, one runs at a time."""

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        """Compute float32 arrays from float32 and bool arrays; blocks."""


@dataclass(frozen=True, slots=True, eq=False)
class LoadedNetwork:
    """A network that is ready to be called.

    Attributes:
        weights: the file it was loaded from.
        functions: by name, such as `detect`, `embed`, or `encode` and `attend`.
        facts: numbers of the network beside its functions, such as `bin_score`.
        notes: texts that an ONNX file carries, such as the letters that a reader knows.
    """

    weights: Weights
    functions: Mapping[str, NetworkFunction]
    facts: Mapping[str, float]
    notes: Mapping[str, str] = field(default_factory=dict)


class Runtime(Protocol):
    """Runs networks."""

    @property
    def name(self) -> str:
        """Library, device and arithmetic, to be read by people."""

    def prepare(self, weights: Weights) -> None:
        """Do the one-time work of `load` now; may take seconds.

        Raises:
            WeightsError: the file cannot be read, is another one, or does not fit.
            RuntimeUnavailable: the cache folder cannot be written.
        """

    def load(self, weights: Weights) -> LoadedNetwork:
        """Return a network whose functions compile when they are first called.

        Raises:
            WeightsError: the file cannot be read, is another one, or does not fit.
            RuntimeUnavailable: the cache folder cannot be written.
        """
