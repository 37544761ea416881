"""EfficientNet-Lite0 up to its last feature map: what ImageNet taught a small network to see.

Tan and Le, "EfficientNet" (2019); the Lite variants leave out squeeze-and-excitation and use ReLU6.
Parameter names are those of `efficientnet-lite-pytorch`, whose weights are published.
"""

from typing import Final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

FEATURE_STRIDE: Final = 32  # input pixels per place of the coarser map; sides must be multiples
# (repeats, kernel, stride, expansion, channels) of its seven stages
_STAGES: Final = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM_CHANNELS: Final = 32
_HEAD_CHANNELS: Final = 1280
_CLASSES: Final = 1000  # of ImageNet
# The last blocks whose maps have a place per 8 and per 16 pixels.
_LAST_FINEST_BLOCK: Final = 4  # per 8
_LAST_FINE_BLOCK: Final = 10  # per 16
_MEAN, _SPREAD = 127 / 255, 128 / 255  # of the published training, in [0, 1]
_EPSILON: Final = 1e-3  # of batch normalisation, as published


class EfficientNetLite(nn.Module):
    """Maps pictures to two feature maps; randomly initialised."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, _STEM_CHANNELS, 3, 2)
        self._bn0 = _norm(_STEM_CHANNELS)
        blocks: list[nn.Module] = []
        inward = _STEM_CHANNELS
        for repeats, kernel, stride, expansion, outward in _STAGES:
            for repeat in range(repeats):
                blocks.append(
                    _Block(inward, outward, kernel, stride if repeat == 0 else 1, expansion)
                )
                inward = outward
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = nn.Conv2d(inward, _HEAD_CHANNELS, 1, bias=False)
        self._bn1 = _norm(_HEAD_CHANNELS)
        self._fc = nn.Linear(_HEAD_CHANNELS, _CLASSES)

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, 3, H, W) in [0, 1], sides divisible by 32, to features.

        Returns:
            (B, 112, H / 16, W / 16) and (B, 320, H / 32, W / 32).
        """
        _, fine, coarse = self.pyramid(images)
        return fine, coarse

    def pyramid(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (B, 3, H, W) as above to the features of three sizes.

        Returns:
            (B, 40, H / 8, W / 8), (B, 112, H / 16, W / 16) and (B, 320, H / 32, W / 32).
        """
        hidden = functional.relu6(self._bn0(self._conv_stem((images - _MEAN) / _SPREAD)))
        finest = fine = hidden
        for index, block in enumerate(self._blocks):
            hidden = block(hidden)
            if index == _LAST_FINEST_BLOCK:
                finest = hidden
            if index == _LAST_FINE_BLOCK:
                fine = hidden
        return finest, fine, hidden

    def describe(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) as above to (B, 1280), the mean over places before the classifier."""
        hidden = functional.relu6(self._bn1(self._conv_head(self(images)[1])))
        return hidden.mean(dim=(2, 3))

    def classify(self, images: Tensor) -> Tensor:
        """Map (B, 3, H, W) as above to (B, 1000) logits of ImageNet's classes."""
        logits: Tensor = self._fc(self.describe(images))
        return logits


class _SameConv(nn.Conv2d):
    """A convolution without bias, padded as TensorFlow does at even sides: more on the far side."""

    def __init__(
        self, inward: int, outward: int, kernel: int, stride: int, groups: int = 1
    ) -> None:
        super().__init__(inward, outward, kernel, stride, groups=groups, bias=False)
        near = (kernel - stride) // 2
        far = kernel - stride - near
        self._border = (near, far, near, far)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """Convolve (B, C, H, W), sides divisible by the stride."""
        return super().forward(functional.pad(input, self._border))


class _Block(nn.Module):
    """An inverted residual: widen, look around in each channel, narrow."""

    def __init__(self, inward: int, outward: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = expansion * inward
        self._is_residual = stride == 1 and inward == outward
        self._widens = expansion > 1
        if self._widens:
            self._expand_conv = nn.Conv2d(inward, wide, 1, bias=False)
            self._bn0 = _norm(wide)
        self._depthwise_conv = _SameConv(wide, wide, kernel, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv = nn.Conv2d(wide, outward, 1, bias=False)
        self._bn2 = _norm(outward)

    @override
    def forward(self, hidden: Tensor) -> Tensor:
        """Map (B, C, H, W) to the block's output."""
        wide = functional.relu6(self._bn0(self._expand_conv(hidden))) if self._widens else hidden
        wide = functional.relu6(self._bn1(self._depthwise_conv(wide)))
        narrow: Tensor = self._bn2(self._project_conv(wide))
        return narrow + hidden if self._is_residual else narrow


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON)
