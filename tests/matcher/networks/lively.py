"""Networks with random weights that behave like trained ones; torch comes with them."""

import torch
from torch import nn
from torch.nn import functional

from matcher.networks.comparator_net import ComparatorNet
from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network
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


def lively_networks() -> dict[Network, nn.Module]:
    """SuperPoint and SuperGlue small, detector and embedder real in size."""
    torch.manual_seed(3)
    return {
        Network.DETECTOR: lively_detector(),
        Network.EMBEDDER: EmbeddingNet(),
        Network.SUPERPOINT: lively_superpoint(),
        Network.SUPERGLUE: SuperGlue(SUPERGLUE),
        Network.COMPARATOR: ComparatorNet(),
    }
