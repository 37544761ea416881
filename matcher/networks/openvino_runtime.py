"""Networks in OpenVINO on a CPU: exported once, compiled from the cache, torch left alone."""

import hashlib
import importlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from matcher.errors import RuntimeUnavailable, WeightsError
from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Weights

if TYPE_CHECKING:
    from openvino import CompiledModel, Core, InferRequest, Model

    from matcher.networks.graphs import Graph

_EXPORT_VERSION: Final = 3  # raise it when the same weights are exported to something else
_SHAPING: Final = ("heads",)  # options of weights that change their graphs
_ROUGH: Final = "rough"  # option of an ONNX file whose results need no float32
_FACTS: Final = "facts.json"
# Processor capability and arithmetic, best first. Fixed here, because OpenVINO's own choice may
# differ between versions and machines of one fleet.
_ARITHMETIC: Final = (("BF16", "bf16"),)
_EXACT: Final = "f32"


ONNX: Final = ".onnx"


@dataclass(frozen=True, slots=True, eq=False)
class _Converted:
    """A network as OpenVINO has it: graphs by name, which of them stay float32, facts, notes."""

    models: "Mapping[str, Model]"
    exact: Mapping[str, bool]
    facts: Mapping[str, float]
    notes: Mapping[str, str] = field(default_factory=dict)


class OpenVinoRuntime:
    """Runs networks on the CPU, in bfloat16 where the processor has it."""

    def __init__(self, cache: Path, *, threads: int = 0, exact: bool = False) -> None:
        """Start OpenVINO; nothing is compiled yet.

        Args:
            cache: folder for exported and compiled networks; made when it is needed.
            threads: of the processor that one call may use; 0 means all.
            exact: float32 everywhere.
        """
        self._cache = cache
        self._openvino = import_openvino()
        self._core = self._openvino.Core()
        self._threads = threads
        self._fast = _EXACT if exact else _arithmetic(self._core)

    @property
    def name(self) -> str:
        """Library, device and arithmetic, to be read by people."""
        return f"OpenVINO {self._openvino.__version__.partition('-')[0]} CPU {self._fast}"

    def prepare(self, weights: Weights) -> None:
        """Export the network unless the cache has it; imports torch only then; see `Runtime`."""
        self._export_once(weights)

    def load(self, weights: Weights) -> LoadedNetwork:
        """Return a network whose functions compile when they are first called; see `Runtime`."""
        facts = self._facts(weights)
        functions = {
            name: OpenVinoFunction(partial(self._compile, weights, name, exact))
            for name, exact in facts["graphs"].items()
        }
        return LoadedNetwork(weights, functions, facts["numbers"], facts.get("notes", {}))

    def _facts(self, weights: Weights) -> dict[str, Any]:
        folder = self._export_once(weights)
        try:
            facts: dict[str, Any] = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        except ValueError:
            shutil.rmtree(folder, ignore_errors=True)  # broken, and can be made again
            text = (self._export_once(weights) / _FACTS).read_text(encoding="utf-8")
            facts = json.loads(text)
        return facts

    def _export_once(self, weights: Weights) -> Path:
        weights.check()
        folder = self._cache / "exported" / _key(weights, self._openvino.__version__)
        if not (folder / _FACTS).is_file():
            self._export(weights, folder)
        return folder

    def _export(self, weights: Weights, folder: Path) -> None:
        converted = self._converted(weights)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
            for name, model in converted.models.items():
                self._openvino.save_model(model, draft / f"{name}.xml", compress_to_fp16=False)
            _write_facts(draft, converted)
            _publish(draft, folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _converted(self, weights: Weights) -> "_Converted":
        """Return the network's graphs; an ONNX file is one graph, `run`.

        That stays float32, unless the weights' option `rough` says that it need not.
        """
        if weights.path.suffix == ONNX:
            exact = not weights.option(_ROUGH, 0)
            model = self._read_onnx(weights.path)
            return _Converted({"run": model}, {"run": exact}, {}, _notes(model))
        from matcher.networks.graphs import load_traced_bundle

        bundle = load_traced_bundle(weights)
        models = {graph.name: _convert(self._openvino, graph) for graph in bundle.graphs}
        return _Converted(
            models, {graph.name: graph.exact for graph in bundle.graphs}, bundle.facts
        )

    def _read_onnx(self, path: Path) -> "Model":
        try:
            model: Model = self._core.read_model(str(path))
        except RuntimeError as error:
            raise WeightsError(f"cannot read the network {path}.") from error
        return model

    def _compile(self, weights: Weights, name: str, exact: bool) -> "CompiledModel":
        folder = self._export_once(weights)
        try:
            return self._compiled(folder / f"{name}.xml", exact)
        except RuntimeError:
            # A file of the cache is broken; all of it can be made again.
            shutil.rmtree(folder, ignore_errors=True)
            shutil.rmtree(self._cache / "compiled", ignore_errors=True)
            return self._compiled(self._export_once(weights) / f"{name}.xml", exact)

    def _compiled(self, path: Path, exact: bool) -> "CompiledModel":
        settings: dict[str, Any] = {
            "CACHE_DIR": str(self._cache / "compiled"),
            "PERFORMANCE_HINT": "LATENCY",
            # Pinned, every process of a machine would sit on the same first cores.
            "ENABLE_CPU_PINNING": False,
            "INFERENCE_PRECISION_HINT": _EXACT if exact else self._fast,
        }
        if self._threads > 0:
            settings["INFERENCE_NUM_THREADS"] = self._threads
        return self._core.compile_model(str(path), "CPU", settings)

    def _unwritable(self, error: OSError) -> RuntimeUnavailable:
        return RuntimeUnavailable(
            f"cannot keep compiled networks in {self._cache} ({error.strerror}); "
            "set SKULENS_CACHE_DIR to a folder that can be written."
        )


class OpenVinoFunction:
    """One graph, compiled when it is first called."""

    def __init__(self, compile_graph: Callable[[], "CompiledModel"]) -> None:
        self._compile: Final = compile_graph
        self._lock: Final = Lock()
        self._request: InferRequest | None = None

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        """Compute float32 arrays from arrays; blocks."""
        with self._lock:
            if self._request is None:
                self._request = self._compile().create_infer_request()
            arrays = [np.ascontiguousarray(array) for array in inputs]
            outputs = self._request.infer(arrays, share_inputs=True)
            return tuple(outputs.values())


def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which would report every import over the network.

    Takes effect only in the process' first import of openvino; the library then uses the empty
    stand-in that it brings for this case.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")


def _arithmetic(core: "Core") -> str:
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return next((hint for name, hint in _ARITHMETIC if name in capabilities), _EXACT)


def _key(weights: Weights, version: str) -> str:
    """Return the name of a network's folder: it changes whenever the export would."""
    shaping = [weights.options.get(name) for name in _SHAPING]
    parts = [weights.sha256.lower(), shaping, version, _EXPORT_VERSION]
    parts += [_ROUGH] if weights.option(_ROUGH, 0) else []
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{weights.network}-{digest[:24]}"


def _convert(openvino: ModuleType, graph: "Graph") -> "Model":
    model: Model = openvino.convert_model(graph.module, example_input=graph.example)
    for node, shape in zip(model.inputs, graph.shapes, strict=True):
        node.get_node().set_partial_shape(openvino.PartialShape(list(shape)))
    model.validate_nodes_and_infer_types()
    return model


def _notes(model: "Model") -> dict[str, str]:
    """Return the texts that an ONNX file carries beside its graph."""
    carried = model.get_rt_info()
    if "framework" not in carried:
        return {}
    return {name: str(note.value) for name, note in carried["framework"].items()}


def _write_facts(folder: Path, converted: _Converted) -> None:
    facts = {
        "graphs": dict(converted.exact),
        "numbers": dict(converted.facts),
        "notes": dict(converted.notes),
    }
    (folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def _publish(draft: Path, folder: Path) -> None:
    """Move a finished export to its place; another process may have been faster."""
    try:
        draft.rename(folder)
    except OSError:
        if not (folder / _FACTS).is_file():
            raise
        shutil.rmtree(draft)
