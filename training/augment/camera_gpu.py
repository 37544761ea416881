"""What `photograph` does to one picture, done to whole batches where the network learns.

On an accelerator the processor's part is drawing alone: light, lens, sensor and compression would
be a large part of its work. Kornia (Riba et al., 2020) has
the lens and the codec. Chance is torch's own; the distributions are those of `photograph`, but for
shadow and glare, which fall off linearly and as a Gaussian.
"""

from collections.abc import Sequence

import torch
from kornia import augmentation
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from training.augment import camera as photograph
from training.augment.camera import Degradation


class Darkroom:
    """Photographs batches badly, each picture by the light that is meant for it."""

    def __init__(self) -> None:
        self._steps: dict[tuple[Degradation, int], nn.Module] = {}

    def develop(self, images: Tensor, lights: Sequence[Degradation]) -> Tensor:
        """The pictures as a phone in a shop may have taken them.

        Args:
            images: (B, 3, H, W) float32 RGB in [0, 1]; sides are multiples of 16.
            lights: one for each picture.

        Returns:
            (B, 3, H, W) likewise, on the same device.
        """
        developed = torch.empty_like(images)
        for light in dict.fromkeys(lights):
            own = [number for number, one in enumerate(lights) if one == light]
            developed[own] = self._through(light, images.shape[-1])(images[own]).clamp(0, 1)
        return developed

    def _through(self, light: Degradation, side: int) -> nn.Module:
        key = (light, side)
        if key not in self._steps:
            self._steps[key] = _steps(light, side)
        return self._steps[key]


def _steps(light: Degradation, side: int) -> nn.Module:
    strength = light.strength
    blurred = photograph.BLURRED / 3 * strength  # in each of three ways
    widest = 0.3 + photograph.OUT_OF_FOCUS * strength * side
    longest = max(int(photograph.MOVED * strength * side) | 1, 3)
    # Their output may leave [0, 1] on the way, as light may; it is clipped before the codec.
    return nn.Sequential(
        _Lamps(light),
        augmentation.RandomLinearIllumination(
            (0.08, 0.3), (-1.0, -1.0), p=photograph.SHADOWED * strength
        ),
        augmentation.RandomGaussianIllumination(
            (0.3, 1.0), (0.0, 1.0), (0.03, 0.15), (1.0, 1.0), p=photograph.GLARING * strength
        ),
        augmentation.RandomGaussianBlur((_odd(widest), _odd(widest)), (0.3, widest), p=blurred),
        augmentation.RandomMotionBlur((3, longest), (0.0, 180.0), 0.0, p=blurred),
        _FarAway(blurred),
        _Noise(photograph.NOISE * strength / 255),
        nn.Hardtanh(0.0, 1.0),
        augmentation.RandomJPEG(
            (float(photograph.JPEG_QUALITY[0]), float(photograph.JPEG_QUALITY[1])),
            p=photograph.COMPRESSED * strength,
        ),
    )


def _odd(sigma: float) -> int:
    """Pixels of a kernel that holds nearly all of a Gaussian."""
    return max(int(4 * sigma) | 1, 3)


class _Lamps(nn.Module):
    """White balance, exposure, contrast, saturation, each picture its own."""

    def __init__(self, light: Degradation) -> None:
        super().__init__()
        self._light = light

    @override
    def forward(self, images: Tensor) -> Tensor:
        strength, count = self._light.strength, len(images)

        def drawn(channels: int) -> Tensor:
            return torch.randn(count, channels, 1, 1, device=images.device)

        gain = torch.exp(
            drawn(3) * self._light.tint * strength + drawn(1) * photograph.EXPOSURE * strength
        )
        gamma = torch.exp(drawn(1) * photograph.GAMMA * strength)
        lit = images.clamp(min=1e-4) ** gamma * gain
        grey = lit.mean(dim=1, keepdim=True)
        least, most = photograph.SATURATION
        gained = least + torch.rand(count, 1, 1, 1, device=images.device) * (most - least)
        return grey + (lit - grey) * (1 + gained * strength)


class _FarAway(nn.Module):
    """Some pictures with no more detail than a smaller one has; how much smaller goes by call."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    @override
    def forward(self, images: Tensor) -> Tensor:
        factor = float(torch.empty(()).uniform_(*photograph.FAR_AWAY))
        height, width = (max(round(side * factor), 12) for side in images.shape[-2:])
        small = functional.interpolate(images, (height, width), mode="area")
        far = functional.interpolate(small, images.shape[-2:], mode="bilinear", align_corners=False)
        chosen = torch.rand(len(images), 1, 1, 1, device=images.device) < self._share
        return torch.where(chosen, far, images)


class _Noise(nn.Module):
    """A sensor's noise, up to a deviation, each picture its own."""

    def __init__(self, most: float) -> None:
        super().__init__()
        self._most = most

    @override
    def forward(self, images: Tensor) -> Tensor:
        deviation = torch.rand(len(images), 1, 1, 1, device=images.device) * self._most
        return images + torch.randn_like(images) * deviation
