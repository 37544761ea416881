"""The proposer's head: what is meant in a picture, from the maps of an ImageNet network.

A feature pyramid (Lin et al., 2017) over the three maps of EfficientNet-Lite0, which stays as it
was published, and one head for all sizes: boxes as distributions of distances (Li et al.,
"Generalized focal loss", 2020), what kind of thing it is, and where in its box a painting's corners
lie.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

KINDS: Final = ("painting", "object")  # in the order of the scores
BINS: Final = 16  # per distance from a place to a side, in strides
CORNER_NUMBERS: Final = 8  # across and down of four corners
PYRAMID_CHANNELS: Final = (40, 112, 320)  # of the maps with a place per 8, 16 and 32 pixels
PYRAMID_STRIDES: Final = (8, 16, 32)  # pixels
_WIDTH: Final = 72  # channels; more did not fit into a few milliseconds
# Logit of a score before training: one place in a hundred shows something.
_RARE: Final = -4.6
# Corners of a box that nothing is known of: its own, clockwise from the top left, in its shares.
_BOX_CORNERS: Final = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)


class ProposerNet(nn.Module):
    """Maps three feature maps to scored boxes with corners; randomly initialised."""

    def __init__(self) -> None:
        super().__init__()
        self.inward = nn.ModuleList(
            _convolution(channels, _WIDTH, 1) for channels in PYRAMID_CHANNELS
        )
        self.around = nn.Linear(PYRAMID_CHANNELS[-1], _WIDTH)
        self.smooth = nn.ModuleList(_convolution(_WIDTH, _WIDTH, 3) for _ in PYRAMID_CHANNELS)
        self.down = nn.ModuleList(
            _convolution(_WIDTH, _WIDTH, 3, stride=2) for _ in PYRAMID_CHANNELS[1:]
        )
        self.shape = nn.Sequential(_convolution(_WIDTH, _WIDTH, 3), _convolution(_WIDTH, _WIDTH, 3))
        self.sort = nn.Sequential(_convolution(_WIDTH, _WIDTH, 3), _convolution(_WIDTH, _WIDTH, 3))
        self.distances = nn.Conv2d(_WIDTH, 4 * BINS, 1)
        self.corners = nn.Conv2d(_WIDTH, CORNER_NUMBERS, 1)
        self.scores = nn.Conv2d(_WIDTH, len(KINDS), 1)
        self.scores.bias = nn.Parameter(torch.full((len(KINDS),), _RARE))
        nn.init.zeros_(self.corners.weight)
        self.corners.bias = nn.Parameter(torch.tensor(_BOX_CORNERS))

    @override
    def forward(self, finest: Tensor, fine: Tensor, coarse: Tensor) -> Tensor:
        """Map the pyramid to one row per number and one column per place.

        Args:
            finest: (B, 40, H / 8, W / 8).
            fine: (B, 112, H / 16, W / 16).
            coarse: (B, 320, H / 32, W / 32).

        Returns:
            (B, 64 + 8 + 2, A): bins of the distances to the left, upper, right and lower side, the
            corners in shares of the box, and logits of the kinds, for the places of the three maps
            one after another.
        """
        levels = self._merged(finest, fine, coarse)
        return torch.cat([self._answers(level) for level in levels], dim=2)

    def _merged(self, *maps: Tensor) -> list[Tensor]:
        """Return the maps with what the coarser and then the finer ones know."""
        levels = [bring(level) for bring, level in zip(self.inward, maps, strict=True)]
        whole: Tensor = self.around(maps[-1].mean(dim=(2, 3)))
        levels[-1] = levels[-1] + whole[:, :, None, None]
        for index in range(len(levels) - 2, -1, -1):
            levels[index] = levels[index] + functional.interpolate(
                levels[index + 1], scale_factor=2.0, mode="nearest"
            )
        levels = [even(level) for even, level in zip(self.smooth, levels, strict=True)]
        for index, shrink in enumerate(self.down):
            levels[index + 1] = levels[index + 1] + shrink(levels[index])
        return levels

    def _answers(self, level: Tensor) -> Tensor:
        shape, kind = self.shape(level), self.sort(level)
        parts = [self.distances(shape), self.corners(shape), self.scores(kind)]
        return torch.cat(parts, dim=1).flatten(2)


def _convolution(inward: int, outward: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inward, outward, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outward),
        nn.ReLU(inplace=True),
    )
