"""SuperPoint (DeTone et al., CVPRW 2018): a fully convolutional detector of keypoints.

Parameter names, shapes and numbers are those of the published checkpoint; sizes are free.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

CELL: Final = 8
"""Side in pixels of the square that one cell of the output stands for."""


@dataclass(frozen=True, slots=True)
class SuperPointSizes:
    """How large the network is; the defaults are the published ones.

    Attributes:
        widths: channels of the four blocks.
        head: hidden channels of both heads.
        descriptors: length of a descriptor.
    """

    widths: tuple[int, int, int, int] = (64, 64, 128, 128)
    head: int = 256
    descriptors: int = 256

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> "SuperPointSizes":
        """Return the sizes of a saved state dict.

        Raises:
            KeyError: a parameter of SuperPoint is missing.
        """
        first, second, third, fourth = (len(state[f"conv{block}b.bias"]) for block in (1, 2, 3, 4))
        return cls(
            widths=(first, second, third, fourth),
            head=len(state["convPa.bias"]),
            descriptors=len(state["convDb.bias"]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class KeypointSettings:
    """Which peaks of the probability map are keypoints.

    Attributes:
        threshold: lowest probability, as published.
        radius: pixels within which only the strongest remains.
        border: pixels along the edges without keypoints.
        limit: how many at most; None for all.
    """

    threshold: float = 0.005
    radius: int = 4
    border: int = 4
    limit: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """Keypoints of one picture, row by row, or strongest first if a limit applied.

    Attributes:
        points: (N, 2) float32, (x, y) pixels.
        scores: (N,) float32 in [0, 1].
        descriptors: (N, D) float32, unit length.
    """

    points: Tensor
    scores: Tensor
    descriptors: Tensor


class SuperPoint(nn.Module):
    """The network; its input is grey, in [0, 1], with sides that are multiples of 8."""

    def __init__(self, sizes: SuperPointSizes | None = None) -> None:
        super().__init__()
        sizes = sizes or SuperPointSizes()
        self.sizes = sizes
        c1, c2, c3, c4 = sizes.widths
        self.conv1a, self.conv1b = _conv3(1, c1), _conv3(c1, c1)
        self.conv2a, self.conv2b = _conv3(c1, c2), _conv3(c2, c2)
        self.conv3a, self.conv3b = _conv3(c2, c3), _conv3(c3, c3)
        self.conv4a, self.conv4b = _conv3(c3, c4), _conv3(c4, c4)
        self.convPa = _conv3(c4, sizes.head)
        self.convPb = nn.Conv2d(sizes.head, CELL * CELL + 1, kernel_size=1)
        self.convDa = _conv3(c4, sizes.head)
        self.convDb = nn.Conv2d(sizes.head, sizes.descriptors, kernel_size=1)

    @override
    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, H, W) to raw maps, before any softmax or normalisation.

        Returns:
            (B, 65, H / 8, W / 8) logits of the 64 pixels of a cell and of "none", and
            (B, D, H / 8, W / 8) descriptors.
        """
        x = F.relu(self.conv1b(F.relu(self.conv1a(images))))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv2b(F.relu(self.conv2a(x))))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv3b(F.relu(self.conv3a(x))))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv4b(F.relu(self.conv4a(x))))
        logits: Tensor = self.convPb(F.relu(self.convPa(x)))
        descriptors: Tensor = self.convDb(F.relu(self.convDa(x)))
        return logits, descriptors

    def extract(self, image: Tensor, settings: KeypointSettings) -> Keypoints:
        """Return the keypoints of one (1, 1, H, W) picture; there may be none."""
        logits, descriptors = self(image)
        heat = suppress_non_maxima(keypoint_probabilities(logits), settings.radius)[0]
        points, scores = _select(heat, settings)
        return Keypoints(points, scores, sample_descriptors(points, descriptors[0]))


def keypoint_probabilities(logits: Tensor) -> Tensor:
    """Return the probability of each pixel, (B, 65, h, w) to (B, 8h, 8w) float32."""
    pixels = logits.float().softmax(dim=1)[:, :-1]
    return F.pixel_shuffle(pixels, CELL)[:, 0]


def suppress_non_maxima(heat: Tensor, radius: int, rounds: int = 2) -> Tensor:
    """Return the (B, H, W) map with everything but local maxima set to 0.

    A maximum suppresses its neighbourhood; maxima among the values that were hidden by suppressed
    ones are found in `rounds` further rounds.
    """

    def pooled(values: Tensor) -> Tensor:
        return F.max_pool2d(values, kernel_size=2 * radius + 1, stride=1, padding=radius)

    peaks = heat == pooled(heat)
    for _ in range(rounds):
        is_hidden = pooled(peaks.float()) > 0
        rest = heat.masked_fill(is_hidden, 0.0)
        peaks = peaks | ((rest == pooled(rest)) & ~is_hidden)
    return heat.where(peaks, 0.0)


def sample_descriptors(points: Tensor, descriptors: Tensor) -> Tensor:
    """Sample a (D, h, w) map at (N, 2) points; returns unit descriptors, (N, D) float32."""
    height, width = descriptors.shape[1:]
    unit = F.normalize(descriptors.float(), dim=0)
    extent = points.new_tensor([width, height]) * CELL - CELL / 2 - 0.5
    grid = (points - CELL / 2 + 0.5) / extent * 2 - 1
    sampled = F.grid_sample(unit[None], grid[None, None], mode="bilinear", align_corners=True)
    return F.normalize(sampled[0, :, 0], dim=0).T


def _select(heat: Tensor, settings: KeypointSettings) -> tuple[Tensor, Tensor]:
    """(N, 2) points and (N,) scores of an (H, W) map."""
    border = settings.border
    inside = torch.zeros_like(heat, dtype=torch.bool)
    inside[border : heat.shape[0] - border, border : heat.shape[1] - border] = True
    pixels = ((heat > settings.threshold) & inside).nonzero()
    scores = heat[pixels[:, 0], pixels[:, 1]]
    if settings.limit is not None and len(scores) > settings.limit:
        scores, order = scores.topk(settings.limit)
        pixels = pixels[order]
    return pixels.flip(1).float(), scores


def _conv3(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
