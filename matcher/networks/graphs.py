"""The networks as torch modules, and the graphs of each that serving runs.

Serving imports this module, and torch with it, only when a network is exported for the first time
or when torch itself is the runtime.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from typing_extensions import override

from matcher.errors import WeightsError
from matcher.networks.comparator_net import ComparatorNet
from matcher.networks.efficientnet_lite import FEATURE_STRIDE, EfficientNetLite
from matcher.networks.grids import COMPARED_CELL
from matcher.networks.proposer_net import PYRAMID_CHANNELS, ProposerNet
from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, Weights, fill_network, read_state
from matcher.networks.yolo import STRIDE, build_yolov5
from superglue.lightglue import LightGlue, LightGlueSizes
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import CELL, SuperPoint, SuperPointSizes

_CHANNELS_OF_SCALE = {16: "n", 32: "s", 48: "m"}  # of YOLOv5's first convolution


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A part of a network that is compiled and called as one: tensors in, float tensors out.

    Attributes:
        name: of the part, unique in its network.
        module: ready to serve.
        example: inputs of any valid size.
        shapes: of the inputs, -1 where a side is free.
        exact: stays float32 whatever the processor could do faster.
    """

    name: str
    module: nn.Module
    example: tuple[Tensor, ...]
    shapes: tuple[tuple[int, ...], ...]
    exact: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One network as it is served: its graphs, and numbers that are no graph."""

    graphs: tuple[Graph, ...]
    facts: Mapping[str, float] = field(default_factory=dict)


def load_bundle(weights: Weights) -> Bundle:
    """Read a weights file into the graphs of its network.

    Raises:
        WeightsError: the file cannot be read, is another one, or does not fit.
    """
    state = read_state(weights.path, weights.sha256)
    module = build_network(weights.network, state, weights.options, weights.path.name)
    match module:
        case EmbeddingNet():
            return _embedder(module)
        case SuperPoint():
            return _superpoint(module)
        case SuperGlue():
            return _glue(module, module.sizes.width, {"bin_score": float(module.bin_score)})
        case LightGlue():
            sizes = module.sizes
            return _glue(module, sizes.width + 2 * (sizes.width // sizes.heads), {})
        case ComparatorNet():
            return _comparator(module)
        case EfficientNetLite():
            return _image_features(module)
        case ProposerNet():
            return _proposer(module)
        case _:
            return _detector(module)


def load_traced_bundle(weights: Weights) -> Bundle:
    """Read the same with every module as TorchScript, which OpenVINO's converter needs.

    Raises:
        WeightsError: the file cannot be read, is another one, or does not fit.
    """
    threads = torch.get_num_threads()
    # Thousands of tiny operations: on a busy machine several threads take ten times as long.
    torch.set_num_threads(1)
    try:
        bundle = load_bundle(weights)
        return replace(bundle, graphs=tuple(_traced(graph) for graph in bundle.graphs))
    finally:
        torch.set_num_threads(threads)


def _traced(graph: Graph) -> Graph:
    trace: Callable[..., nn.Module] = torch.jit.trace
    with warnings.catch_warnings():
        # Deprecated in torch, but the converter supports nothing else as completely.
        warnings.simplefilter("ignore")
        module = trace(graph.module, graph.example, check_trace=False, strict=False)
    return replace(graph, module=module)


def build_network(
    network: Network, state: Mapping[str, Tensor], options: Mapping[str, float], name: str
) -> nn.Module:
    """Build the network of a state dict, filled with it, in evaluation mode and frozen.

    Args:
        network: the kind.
        state: all parameters and buffers.
        options: see `Weights`.
        name: of the file, for the message.

    Raises:
        WeightsError: the state dict does not fit.
    """
    try:
        module = _empty(network, state, options)
    except (KeyError, ValueError, IndexError) as error:
        raise WeightsError(f"{name} is no {network}: {error} does not fit.") from error
    return fill_network(module, state, name)


def _empty(
    network: Network, state: Mapping[str, Tensor], options: Mapping[str, float]
) -> nn.Module:
    match network:
        case Network.DETECTOR:
            scale = _CHANNELS_OF_SCALE[state["model.0.conv.weight"].shape[0]]
            return build_yolov5(scale, classes=state["model.24.cv3.0.2.bias"].shape[0])
        case Network.EMBEDDER:
            return EmbeddingNet()
        case Network.SUPERPOINT:
            return SuperPoint(SuperPointSizes.of(state))
        case Network.SUPERGLUE:
            return SuperGlue(SuperGlueSizes.of(state, heads=int(options.get("heads", 4))))
        case Network.LIGHTGLUE:
            return LightGlue(LightGlueSizes.of(state, heads=int(options.get("heads", 4))))
        case Network.COMPARATOR:
            return ComparatorNet()
        case Network.IMAGE_FEATURES:
            return EfficientNetLite()
        case Network.PROPOSER:
            return ProposerNet()
        case _:
            raise WeightsError(f"weights for {network} are no network that is built in torch")


class RawDetections(nn.Module):
    """YOLOv5 without its decoding, which is done in float32 outside."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    @override
    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, 64 + classes, places): distance bins, then class logits."""
        maps = self.model(images)[1]
        return torch.cat([maps["boxes"], maps["scores"]], dim=1)


class FeaturePyramid(nn.Module):
    """EfficientNet-Lite0 with the maps of three sizes."""

    def __init__(self, network: EfficientNetLite) -> None:
        super().__init__()
        self.network = network

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (B, 3, H, W) in [0, 1] to the maps with a place per 8, 16 and 32 pixels."""
        return self.network.pyramid(images)


class FeatureVector(nn.Module):
    """EfficientNet-Lite0 as it describes a whole picture."""

    def __init__(self, network: EfficientNetLite) -> None:
        super().__init__()
        self.network = network

    @override
    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) in [0, 1] to (B, 1280)."""
        return self.network.describe(images)


class EncodedKeypoints(nn.Module):
    """SuperGlue or LightGlue up to the first attention, where coordinates stand for pixels."""

    def __init__(self, network: SuperGlue | LightGlue) -> None:
        super().__init__()
        self.network = network

    @override
    def forward(self, geometry: Tensor, descriptors: Tensor) -> Tensor:
        """Map (B, N, 3 or 6) and (B, N, D) to (B, N, C)."""
        mask = torch.ones_like(geometry[..., 0], dtype=torch.bool)
        return self.network.encode(geometry, descriptors, mask)


class AttendedKeypoints(nn.Module):
    """Their attention, up to the vectors whose products are the scores."""

    def __init__(self, network: SuperGlue | LightGlue) -> None:
        super().__init__()
        self.network = network

    @override
    def forward(
        self, x0: Tensor, mask0: Tensor, x1: Tensor, mask1: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Map both encoded sides, (B, M, C) and (B, N, C), to what pairs are scored by."""
        return self.network.attend(x0, mask0, x1, mask1)


def _detector(module: nn.Module) -> Bundle:
    image = torch.zeros(1, 3, 2 * STRIDE, 3 * STRIDE)
    return Bundle((Graph("detect", RawDetections(module).eval(), (image,), ((-1, 3, -1, -1),)),))


def _embedder(module: EmbeddingNet) -> Bundle:
    images = torch.zeros(2, 3, 96, 96)
    graph = Graph("embed", module, (images,), ((-1, 3, -1, -1),))
    return Bundle((graph,), {"dimension": module.project.out_features})


def _superpoint(module: SuperPoint) -> Bundle:
    image = torch.zeros(1, 1, 4 * CELL, 5 * CELL)
    graph = Graph("extract", module, (image,), ((-1, 1, -1, -1),))
    return Bundle((graph,), {"descriptors": module.sizes.descriptors})


def _comparator(module: ComparatorNet) -> Bundle:
    side = torch.zeros(2, 3, 6 * COMPARED_CELL, 4 * COMPARED_CELL)
    shape = (-1, 3, -1, -1)
    return Bundle((Graph("compare", module, (side, side), (shape, shape)),))


def _image_features(module: EfficientNetLite) -> Bundle:
    image = torch.zeros(1, 3, 2 * FEATURE_STRIDE, 3 * FEATURE_STRIDE)
    shapes = ((-1, 3, -1, -1),)
    return Bundle(
        (
            Graph("features", module, (image,), shapes),
            Graph("pyramid", FeaturePyramid(module).eval(), (image,), shapes),
            Graph("describe", FeatureVector(module).eval(), (image,), shapes),
        )
    )


def _proposer(module: ProposerNet) -> Bundle:
    sizes = ((12, 8), (6, 4), (3, 2))
    maps = zip(PYRAMID_CHANNELS, sizes, strict=True)
    example = tuple(torch.zeros(1, channels, *size) for channels, size in maps)
    shapes = tuple((-1, channels, -1, -1) for channels in PYRAMID_CHANNELS)
    return Bundle((Graph("propose", module, example, shapes),))


def _glue(module: SuperGlue | LightGlue, encoded: int, facts: Mapping[str, float]) -> Bundle:
    """Return both parts of a network; a keypoint is encoded in so many numbers."""
    sizes = module.sizes
    geometry, descriptors = torch.zeros(2, 5, sizes.geometry), torch.zeros(2, 5, sizes.descriptors)
    encode = Graph(
        "encode",
        EncodedKeypoints(module).eval(),
        (geometry, descriptors),
        ((-1, -1, sizes.geometry), (-1, -1, sizes.descriptors)),
        exact=True,
    )
    sides = (torch.zeros(2, 5, encoded), torch.ones(2, 5, dtype=torch.bool))
    others = (torch.zeros(2, 7, encoded), torch.ones(2, 7, dtype=torch.bool))
    side = ((-1, -1, encoded), (-1, -1))
    attend = Graph("attend", AttendedKeypoints(module).eval(), (*sides, *others), (*side, *side))
    known = {"descriptors": sizes.descriptors, "geometry": sizes.geometry}
    return Bundle((encode, attend), {**facts, **known})
