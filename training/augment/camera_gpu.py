"""Takes the shots of `training.augment.camera` of whole batches, where the network learns.

On an accelerator the drawing processes are left with drawing: exposure, blur, noise and compression
would be a large part of their work. Kornia (Riba et al., 2020) has the filter and the codec.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.augment.camera import DefocusBlur, DistanceBlur, Glare, MotionBlur, Shadow, Shot

_NO_SHADOW = Shadow(angle=0.0, x=0.0, y=0.0, softness=1.0, depth=0.0)
_NO_GLARE = Glare(angle=0.0, x=0.0, y=0.0, length=1.0, width=1.0, strength=0.0)


@torch.no_grad()
def apply_shots(images: Tensor, shots: Sequence[Shot]) -> Tensor:
    """Return the pictures as their shots show them, on the same device.

    They look as `training.augment.camera.apply_shot` makes them but for rounding and for the noise,
    which is torch's own.

    Args:
        images: (B, 3, H, W) float32 RGB in [0, 1]; sides are multiples of 16.
        shots: B of them, drawn for that size.

    Returns:
        (B, 3, H, W) float32 RGB in [0, 1].
    """
    if not shots:
        return images
    levels = _expose(images, shots)
    levels = _shade(levels, [shot.shadow or _NO_SHADOW for shot in shots])
    levels = _wash_out(levels, [shot.glare or _NO_GLARE for shot in shots])
    levels = _blur(levels, shots)
    noise = _column(levels, [shot.noise / 255 for shot in shots])
    return _compress((levels + noise * torch.randn_like(levels)).clamp(0, 1), shots)


def _column(images: Tensor, values: Sequence[float]) -> Tensor:
    """Return a number for each picture as (B, 1, 1, 1)."""
    return torch.tensor(values, dtype=images.dtype, device=images.device)[:, None, None, None]


def _expose(images: Tensor, shots: Sequence[Shot]) -> Tensor:
    """Apply white balance, exposure, contrast and saturation."""
    gain = torch.tensor([shot.gain for shot in shots], dtype=images.dtype, device=images.device)
    lit = images ** _column(images, [shot.gamma for shot in shots]) * gain[..., None, None]
    grey = lit.mean(dim=1, keepdim=True)
    return grey + (lit - grey) * _column(images, [shot.saturation for shot in shots])


def _shade(images: Tensor, shadows: Sequence[Shadow]) -> Tensor:
    def of(read: Callable[[Shadow], float]) -> Tensor:
        return _column(images, [read(shadow) for shadow in shadows])

    rows, columns = _coordinates(images)
    right = (columns - of(lambda shadow: shadow.x)) * of(lambda shadow: np.cos(shadow.angle))
    down = (rows - of(lambda shadow: shadow.y)) * of(lambda shadow: np.sin(shadow.angle))
    edge = torch.sigmoid((right + down) / of(lambda shadow: shadow.softness))
    return images * (1 - of(lambda shadow: shadow.depth) * edge)


def _wash_out(images: Tensor, glares: Sequence[Glare]) -> Tensor:
    def of(read: Callable[[Glare], float]) -> Tensor:
        return _column(images, [read(glare) for glare in glares])

    rows, columns = _coordinates(images)
    dx, dy = columns - of(lambda glare: glare.x), rows - of(lambda glare: glare.y)
    cos, sin = of(lambda glare: np.cos(glare.angle)), of(lambda glare: np.sin(glare.angle))
    along = (dx * cos + dy * sin) / of(lambda glare: glare.length)
    across = (dy * cos - dx * sin) / of(lambda glare: glare.width)
    spot = of(lambda glare: glare.strength) * torch.exp(-(along**2 + across**2))
    return images * (1 - spot) + spot


def _coordinates(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return rows (1, 1, H, 1) and columns (1, 1, 1, W) in [0, 1]."""
    height, width = images.shape[-2:]
    rows = torch.linspace(0, 1, height, dtype=images.dtype, device=images.device)
    columns = torch.linspace(0, 1, width, dtype=images.dtype, device=images.device)
    return rows[None, None, :, None], columns[None, None, None]


def _blur(images: Tensor, shots: Sequence[Shot]) -> Tensor:
    """Filter the pictures out of focus and the moved ones together, far ones one by one."""
    from kornia.filters import filter2d  # a second

    blurred = images.clone()
    kernels = {
        number: shot.blur.kernel()
        for number, shot in enumerate(shots)
        if isinstance(shot.blur, DefocusBlur | MotionBlur)
    }
    if kernels:
        chosen, stacked = list(kernels), torch.from_numpy(_padded(list(kernels.values())))
        blurred[chosen] = filter2d(images[chosen], stacked.to(images), border_type="reflect")
    height, width = images.shape[-2:]
    for number, shot in enumerate(shots):
        if isinstance(shot.blur, DistanceBlur):
            size = shot.blur.size(height, width)
            small = functional.interpolate(images[number : number + 1], size, mode="area")
            blurred[number] = functional.interpolate(small, (height, width), mode="bilinear")[0]
    return blurred


def _padded(kernels: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack kernels of odd sizes as (N, K, K), zeros around the smaller ones."""
    largest = max(len(kernel) for kernel in kernels)
    margins = [(largest - len(kernel)) // 2 for kernel in kernels]
    return np.stack(
        [np.pad(kernel, margin) for kernel, margin in zip(kernels, margins, strict=True)]
    )


def _compress(images: Tensor, shots: Sequence[Shot]) -> Tensor:
    from kornia.enhance import jpeg_codec_differentiable  # a second

    quality = {
        number: float(shot.jpeg_quality)
        for number, shot in enumerate(shots)
        if shot.jpeg_quality is not None
    }
    if not quality:
        return images
    compressed, chosen = images.clone(), list(quality)
    levels = torch.tensor(list(quality.values()), dtype=images.dtype, device=images.device)
    compressed[chosen] = jpeg_codec_differentiable(images[chosen], levels)
    return compressed.clamp(0, 1)
