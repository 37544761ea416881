"""The embedder's network: ResNet34, generalised-mean pooling, 256 numbers of unit length."""

from collections.abc import Sequence
from typing import Final, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

DIMENSION: Final = 256  # numbers of an embedding
INPUT_SIDE: Final = 128  # pixels
_CHANNELS: Final = 512  # of the trunk's last map
# Of red, green and blue in [0, 1]: what torchvision's trunk was trained with.
_IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
_IMAGENET_STD: Final = (0.229, 0.224, 0.225)  # of the same channels


def to_input(crops: Sequence[NDArray[np.uint8]], side: int = INPUT_SIDE) -> Tensor:
    """Squeeze crops (H, W, 3) RGB uint8 to squares: (N, 3, side, side) float32 in [0, 1].

    The whole box fills the square whatever its proportions, in training as in use.
    """
    squares = np.zeros((len(crops), side, side, 3), np.uint8)
    for square, crop in zip(squares, crops, strict=True):
        cv2.resize(crop, (side, side), dst=square, interpolation=cv2.INTER_AREA)
    return torch.from_numpy(squares).permute(0, 3, 1, 2).float().div_(255)


class GeneralizedMeanPooling(nn.Module):
    """Pools a feature map by a power mean whose exponent is learned; 1 is the average."""

    def __init__(self, power: float = 3.0, floor: float = 1e-6) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(power))
        self.floor = floor

    @override
    def forward(self, features: Tensor) -> Tensor:
        """Pool (B, C, H, W) to (B, C), in float32 because powers overflow half precision."""
        raised = features.float().clamp(min=self.floor).pow(self.power.float())
        return raised.mean(dim=(2, 3)).pow(1.0 / self.power.float()).to(features.dtype)


class EmbeddingNet(nn.Module):
    """One global vector per picture; randomly initialised, weights are loaded from outside.

    The trunk's parameters carry torchvision's names, so that a torchvision ResNet34 state dict
    without its `fc` fits `trunk` strictly.
    """

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        from torchvision.models import resnet34  # seconds: torch._dynamo comes along

        super().__init__()
        self.trunk = resnet34(weights=None)
        del self.trunk.fc
        self.pool = GeneralizedMeanPooling()
        self.project = nn.Linear(_CHANNELS, DIMENSION)
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(1, 3, 1, 1))

    def features(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) in [0, 1] to the trunk's last map, (B, 512, H/32, W/32)."""
        trunk = self.trunk
        x = (images - self.mean) / self.std
        x = trunk.maxpool(trunk.relu(trunk.bn1(trunk.conv1(x))))
        return cast(Tensor, trunk.layer4(trunk.layer3(trunk.layer2(trunk.layer1(x)))))

    @override
    def forward(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) RGB in [0, 1] to (B, 256) of unit length, float32."""
        vectors = self.project(self.pool(self.features(images)))
        return functional.normalize(vectors.float(), dim=1)
