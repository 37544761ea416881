"""Networks with random weights on disk, and the runtimes that load them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from matcher.networks.comparator_net import ComparatorNet
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.resnet import EmbeddingNet
from matcher.networks.torch_runtime import TorchRuntime
from matcher.networks.weights import Network, Weights
from matcher.networks.yolo import build_yolov5n
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import SuperPoint, SuperPointSizes

SUPERPOINT = SuperPointSizes(widths=(8, 8, 16, 16), head=32, descriptors=32)
SUPERGLUE = SuperGlueSizes(descriptors=32, width=32, layers=4, heads=4, encoder=(8, 16))


def structured(count: int, height: int, width: int) -> torch.Tensor:
    """(B, 3, H, W) in [0, 1] with structure at every size, as photos have."""
    layers = [
        functional.interpolate(torch.rand(count, 3, step, step), (height, width))
        for step in (3, 10, 40)
    ]
    return torch.stack(layers).mean(dim=0)


def lively_detector() -> nn.Module:
    """Random weights whose activations neither fade nor explode, as in a trained network."""
    network = build_yolov5n().train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network(structured(4, 192, 192))
        for name, parameter in network.named_parameters():
            if name.startswith("model.24.cv") and name.endswith(".2.weight"):
                parameter.mul_(5.0)
            if name.startswith("model.24.cv3") and name.endswith(".2.bias"):
                parameter.fill_(-2.0)
    return network


def lively_superpoint() -> SuperPoint:
    """Random weights whose keypoints stand out from their neighbourhood."""
    network = SuperPoint(SUPERPOINT)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
    with torch.no_grad():
        network.convPb.weight.mul_(5.0)
    return network


@pytest.fixture(scope="session")
def random_weights(tmp_path_factory: pytest.TempPathFactory) -> dict[Network, Weights]:
    """One file per network; SuperPoint and SuperGlue small, detector and embedder real in size."""
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("weights")
    networks = {
        Network.DETECTOR: lively_detector(),
        Network.EMBEDDER: EmbeddingNet(),
        Network.SUPERPOINT: lively_superpoint(),
        Network.SUPERGLUE: SuperGlue(SUPERGLUE),
        Network.COMPARATOR: ComparatorNet(),
    }
    files = {}
    for network, module in networks.items():
        path = folder / f"{network}.safetensors"
        save_file(module.state_dict(), path)
        files[network] = Weights.of_file(network, path)
    return files


@pytest.fixture(scope="session")
def reference() -> TorchRuntime:
    """Torch float32, what everything is compared with."""
    return TorchRuntime("cpu", half=False)


@pytest.fixture(scope="session")
def network_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this run keeps exported and compiled networks."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def openvino(network_cache: Path) -> OpenVinoRuntime:
    """The CPU's fast arithmetic."""
    return OpenVinoRuntime(network_cache, threads=1)


@pytest.fixture(scope="session")
def photo() -> NDArray[np.uint8]:
    """A (180, 260, 3) picture with structure at several sizes."""
    generator = np.random.default_rng(7)
    picture = np.zeros((180, 260, 3), dtype=np.float64)
    for step in (60, 20, 5):
        coarse = generator.random((-(-180 // step), -(-260 // step), 3))
        picture += np.kron(coarse, np.ones((step, step, 1)))[:180, :260]
    return (picture / 3 * 255).astype(np.uint8)
