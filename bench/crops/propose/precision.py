"""The proposer in float32, bfloat16 and int8: how accurate, and how fast.

int8 is post-training quantisation by NNCF, calibrated on pictures that the head learnt from.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.crops.propose.art import ArtPicture
from bench.crops.propose.boxes import measure_boxes
from bench.crops.propose.methods import OwnProposer
from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.table import Figures, Table
from matcher.crops.propose.network import ProposerNetwork
from matcher.crops.propose.proposer import CropProposer
from matcher.imaging.resize import letterbox, to_planes
from matcher.networks.openvino_runtime import import_openvino
from matcher.networks.runtime import Array, LoadedNetwork, NetworkFunction
from matcher.networks.weights import Weights

if TYPE_CHECKING:
    from openvino import Model

Image = NDArray[np.uint8]

_REPEATS: Final = 40  # of the networks alone, on one picture
_SIZE: Final = (480, 384)  # pixels across and down: a phone's picture, padded
_PADDING: Final = (114, 114, 114)
_INSTALL: Final = "pip install nncf==3.4.0"


@dataclass(frozen=True, slots=True)
class PrecisionFigures:
    """One arithmetic.

    Attributes:
        name: for people.
        iou50: as of `BoxFigures`.
        median_iou: as of `BoxFigures`.
        tapped_iou50: as of `BoxFigures`.
        network_ms: of the two networks alone on a picture of 480 by 384 pixels, median.
        megabytes: of their weights.
    """

    name: str
    iou50: float
    median_iou: float
    tapped_iou50: float
    network_ms: float
    megabytes: float


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionResult(Figures):
    """All arithmetics.

    Attributes:
        rows: one each.
        processor: what it can do beside float32.
    """

    rows: tuple[PrecisionFigures, ...]
    processor: str

    def table(self) -> Table:
        """For people."""
        columns = ("arithmetic", "IoU ≥ 0.5", "median IoU", "tapped ≥ 0.5", "networks ms", "MB")
        rows = [
            (
                row.name,
                f"{row.iou50:.3f}",
                f"{row.median_iou:.3f}",
                f"{row.tapped_iou50:.3f}",
                f"{row.network_ms:.1f}",
                f"{row.megabytes:.1f}",
            )
            for row in self.rows
        ]
        notes = (f"the processor's capabilities: {self.processor}",)
        return Table("the proposer's arithmetic", columns, tuple(rows), notes)


def measure_precisions(
    features: Weights,
    head: Weights,
    calibration: Sequence[Image],
    pictures: Sequence[ArtPicture],
    threads: int = 0,
    on_progress: Progress = silent,
) -> PrecisionResult:
    """Measure the same weights in three arithmetics.

    Args:
        features: the published network's weights.
        head: the proposer's.
        calibration: pictures for int8's ranges; not those that are measured.
        pictures: to measure on.
        threads: of the processor; 0 for all.
        on_progress: called as it goes on.

    Raises:
        BenchError: NNCF is not installed.
    """
    openvino = import_openvino()
    core = openvino.Core()
    models = {"pyramid": _convert(openvino, features), "propose": _convert(openvino, head)}
    on_progress("quantising", 0, 1)
    quantised = _quantise(core, models, calibration)
    rows = []
    for name, chosen, hint, size in (
        ("float32", models, "f32", 4),
        ("bfloat16", models, "bf16", 2),
        ("int8", quantised, "f32", 1),
    ):
        functions = {part: _compiled(core, model, hint, threads) for part, model in chosen.items()}
        own = OwnProposer(_proposer(features, head, functions), name)
        figures = measure_boxes(pictures, (own,), on_progress).methods[0]
        rows.append(
            PrecisionFigures(
                name,
                figures.iou50,
                figures.median_iou,
                figures.tapped_iou50,
                _time(functions),
                size * _count(models) / 1e6,
            )
        )
    capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return PrecisionResult(tuple(rows), ", ".join(capabilities))


def _convert(openvino: Any, weights: Weights) -> "Model":  # noqa: ANN401 -- the untyped module
    from matcher.networks.graphs import load_traced_bundle

    graph = load_traced_bundle(weights).graphs[-1]
    model: Model = openvino.convert_model(graph.module, example_input=graph.example)
    for node, shape in zip(model.inputs, graph.shapes, strict=True):
        node.get_node().set_partial_shape(openvino.PartialShape(list(shape)))
    model.validate_nodes_and_infer_types()
    return model


def _quantise(
    core: Any,  # noqa: ANN401 -- of the untyped module
    models: "Mapping[str, Model]",
    calibration: Sequence[Image],
) -> "dict[str, Model]":
    try:
        nncf = importlib.import_module("nncf")
    except ImportError as error:
        raise BenchError(f"int8 needs NNCF; run `{_INSTALL}`.") from error
    pictures = [_planes(image) for image in calibration]
    pyramid = _compiled(core, models["pyramid"], "f32", 0)
    inputs: dict[str, Iterable[Any]] = {
        "pyramid": pictures,
        "propose": [list(pyramid(picture)) for picture in pictures],
    }
    quantise: Callable[..., Model] = nncf.quantize
    return {
        name: quantise(model, nncf.Dataset(inputs[name]), subset_size=len(pictures))
        for name, model in models.items()
    }


def _planes(image: Image) -> NDArray[np.float32]:
    return to_planes(letterbox(image, *_SIZE, _PADDING).image[None])


def _compiled(
    core: Any,  # noqa: ANN401 -- of the untyped module
    model: "Model",
    hint: str,
    threads: int,
) -> NetworkFunction:
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    request = core.compile_model(model, "CPU", settings).create_infer_request()

    def run(*inputs: Array) -> tuple[NDArray[np.float32], ...]:
        outputs = request.infer([np.ascontiguousarray(array) for array in inputs])
        return tuple(np.array(value) for value in outputs.values())

    return run


def _proposer(
    features: Weights, head: Weights, functions: Mapping[str, NetworkFunction]
) -> CropProposer:
    return CropProposer(
        ProposerNetwork(LoadedNetwork(features, functions, {}), LoadedNetwork(head, functions, {}))
    )


def _time(functions: Mapping[str, NetworkFunction]) -> float:
    picture = np.zeros((1, 3, _SIZE[1], _SIZE[0]), np.float32)
    spent = []
    for _ in range(_REPEATS):
        began = perf_counter()
        functions["propose"](*functions["pyramid"](picture))
        spent.append(1e3 * (perf_counter() - began))
    return float(np.median(spent))


def _count(models: "Mapping[str, Model]") -> int:
    """Return how many numbers the models hold."""
    return sum(
        int(np.prod(node.get_output_shape(0)))
        for model in models.values()
        for node in model.get_ops()
        if node.get_type_name() == "Constant"
    )
