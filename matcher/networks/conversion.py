"""Checkpoints that users already have, turned into files that `weights.py` loads strictly.

Torch's `.pt` and `.pth` files are pickles: opening one normally runs whatever code it names. Here
every class outside torch's own tensor machinery becomes an empty shell, so that nothing of the file
is ever run, and the tensors are picked out of the shells.
"""

import io
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from typing_extensions import override

from matcher.errors import WeightsError
from matcher.networks.graphs import build_network
from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, Weights, fill_network, read_tensors, sha256_of

_TORCH_NAMES: Final = frozenset(
    {
        ("collections", "OrderedDict"),
        ("torch", "Size"),
        ("torch", "device"),
        ("torch._utils", "_rebuild_parameter"),
        ("torch._utils", "_rebuild_tensor"),
        ("torch._utils", "_rebuild_tensor_v2"),
        *(
            ("torch", f"{kind}Storage")
            for kind in ("Float", "Half", "BFloat16", "Double", "Long", "Int", "Byte", "Bool")
        ),
    }
)
_CLASSIFIER: Final = ("fc.weight", "fc.bias")
# The models of an ultralytics checkpoint; the averaged one is preferred where it was kept.
_MODELS: Final = ("ema", "model")
_PROJECTION_SEED: Final = 34  # any; fixed, so that a conversion gives the same file again
# Raised by a broken pickle, or by one that cannot be read without its code.
_UNREADABLE: Final = (
    OSError,
    RuntimeError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    pickle.UnpicklingError,
)


def convert_checkpoint(source: Path, destination: Path, network: Network) -> Weights:
    """Write the tensors of a checkpoint as safetensors, checked against our network.

    Reads what `weights.py` reads, torchvision ResNet34 state dicts (for the embedder) and
    ultralytics' anchor-free YOLOv5 checkpoints (for the detector). No code of the file runs.

    Raises:
        WeightsError: the file cannot be read, is a classic anchor-based YOLOv5, or does not fit;
            or the destination cannot be written.
    """
    state = _adapt(network, _any_state(source), source)
    draft = destination.with_name(destination.name + ".part")
    try:
        save_file({key: value.contiguous().clone() for key, value in state.items()}, draft)
    except SafetensorError as error:
        raise WeightsError(f"cannot write the weights {destination}: {error}.") from error
    try:
        weights = Weights.of_file(network, draft)
        build_network(network, state, {}, source.name)
    except WeightsError:
        draft.unlink()
        raise
    draft.replace(destination)
    return Weights(network, destination, weights.sha256)


def _adapt(network: Network, state: dict[str, Tensor], source: Path) -> dict[str, Tensor]:
    if network is Network.EMBEDDER and "trunk.conv1.weight" not in state:
        return _embedder_around(state, source)
    if network is Network.DETECTOR and any(".anchor" in key for key in state):
        raise WeightsError(
            f"{source} is a classic, anchor-based YOLOv5; use the anchor-free variant of "
            "ultralytics (yolov5nu.pt, yolov5su.pt)."
        )
    return state


def _embedder_around(trunk: dict[str, Tensor], source: Path) -> dict[str, Tensor]:
    """Put an untrained projection on a trained trunk; it keeps angles as well as it can."""
    if not set(_CLASSIFIER) <= set(trunk):
        raise WeightsError(f"{source} is neither our embedder nor a torchvision ResNet34.")
    network = EmbeddingNet()
    state = {key: value for key, value in trunk.items() if key not in _CLASSIFIER}
    fill_network(cast(nn.Module, network.trunk), state, source.name)
    generator = torch.Generator().manual_seed(_PROJECTION_SEED)
    with torch.no_grad():
        nn.init.orthogonal_(network.project.weight, generator=generator)
        nn.init.zeros_(network.project.bias)
    return network.state_dict()


def _any_state(path: Path) -> dict[str, Tensor]:
    """Return the tensors of any checkpoint that is readable at all."""
    if path.suffix == ".safetensors":
        return read_tensors(path)
    sha256_of(path)  # raises with one sentence when there is no such file
    try:
        given = torch.load(path, map_location="cpu", weights_only=False, pickle_module=_Shells())
    except _UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise WeightsError(f"cannot read the weights {path}: {reason}.") from error
    state = dict(_tensors_of(_choose_model(given)))
    if not state:
        raise WeightsError(f"there are no tensors in {path}.")
    return {
        key: value.float() if value.is_floating_point() else value for key, value in state.items()
    }


def _choose_model(given: object) -> object:
    if isinstance(given, Mapping):
        for key in (*_MODELS, "state_dict", "model_state_dict"):
            if given.get(key) is not None:
                return given[key]
    return given


def _tensors_of(node: object, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield tensors of a state dict or a module's shell by the names of `state_dict()`."""
    if isinstance(node, Mapping):
        yield from ((prefix + str(key), value) for key, value in node.items() if _is_tensor(value))
    elif isinstance(node, PickleShell):
        inside = vars(node)
        for kind in ("_parameters", "_buffers"):
            yield from _tensors_of(inside.get(kind, {}), prefix)
        for name, child in inside.get("_modules", {}).items():
            yield from _tensors_of(child, f"{prefix}{name}.")


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)


class PickleShell:
    """Stands for an object of an untrusted class; keeps its state, runs nothing."""

    def __new__(cls, *_given: object, **_named: object) -> "PickleShell":
        """Take any arguments."""
        return super().__new__(cls)

    def __init__(self, *_given: object, **_named: object) -> None:
        """Forget any arguments."""

    def __call__(self, *_given: object, **_named: object) -> "PickleShell":
        """Stand for a function: its result is another shell."""
        return PickleShell()

    def __setitem__(self, key: object, value: object) -> None:
        """Stand for a mapping whose contents do not matter."""

    def append(self, value: object) -> None:
        """Stand for a list whose contents do not matter."""

    def __setstate__(self, state: object) -> None:
        """Keep the state of the object."""
        if isinstance(state, dict):
            vars(self).update(state)


class _ShellUnpickler(pickle.Unpickler):
    @override
    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) in _TORCH_NAMES:
            return super().find_class(module_name, global_name)
        return type(global_name, (PickleShell,), {})


class _Shells:
    """The pickle module that `torch.load` is given."""

    __name__ = "shells"
    Unpickler: Final = _ShellUnpickler

    @staticmethod
    def load(file: io.BufferedIOBase, encoding: str = "ASCII") -> object:
        """Read one object, as `pickle.load` does."""
        return _ShellUnpickler(file, encoding=encoding).load()
