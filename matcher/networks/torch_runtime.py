"""Networks in torch: half precision on CUDA, float32 on a CPU as the reference."""

import copy
from threading import Lock
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matcher.networks.graphs import Graph, load_bundle
from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Weights


def cuda_works() -> bool:
    """Return whether torch can use a GPU here."""
    return torch.cuda.is_available()


class TorchRuntime:
    """Runs networks in torch; nothing is cached, so every process reads the weights."""

    def __init__(self, device: str, *, half: bool, threads: int = 0) -> None:
        """Set how many threads this process' torch uses.

        Args:
            device: as torch names it.
            half: float16 wherever a graph allows it.
            threads: of the processor; 0 leaves torch as it is.
        """
        self._device = torch.device(device)
        self._half = half
        if threads > 0:
            torch.set_num_threads(threads)

    @property
    def name(self) -> str:
        """Library, device and arithmetic, to be read by people."""
        return f"torch {self._device} {'float16' if self._half else 'float32'}"

    def prepare(self, weights: Weights) -> None:
        """Check that the weights can be loaded; see `Runtime`."""
        load_bundle(weights)

    def load(self, weights: Weights) -> LoadedNetwork:
        """Return a network on this runtime's device; see `Runtime`."""
        bundle = load_bundle(weights)
        functions = {graph.name: self._function(graph) for graph in bundle.graphs}
        return LoadedNetwork(weights, functions, bundle.facts)

    def _function(self, graph: Graph) -> "TorchFunction":
        half = self._half and not graph.exact
        return TorchFunction(graph, self._device, torch.float16 if half else torch.float32)


class TorchFunction:
    """One graph on one device."""

    def __init__(self, graph: Graph, device: torch.device, dtype: torch.dtype) -> None:
        self._module: Final = copy.deepcopy(graph.module).to(device, dtype)
        self._device: Final = device
        self._dtype: Final = dtype
        self._lock: Final = Lock()

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        """Compute float32 arrays from arrays; blocks."""
        with self._lock, torch.inference_mode():
            outputs = self._module(*(self._tensor(array) for array in inputs))
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        return tuple(output.float().cpu().numpy() for output in outputs)

    def _tensor(self, array: Array) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array)).to(self._device)
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor
