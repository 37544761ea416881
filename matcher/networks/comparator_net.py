"""The comparator's network: maps where a picture differs from its aligned reference."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

_LOCAL, _TONES, _WIDTH = 48, 32, 64  # channels
_REACH = 2  # shifts to each side, in places of 4 pixels


class ComparatorNet(nn.Module):
    """Maps two aligned pictures to one logit per cell of 8 by 8 pixels; randomly initialised.

    Both pictures pass one small trunk. Their local features are correlated at shifts of up to 8
    pixels, because packaging bends and homographies are a little off (the correlation layer of
    FlowNet, Dosovitskiy et al., 2015); a head then reads the correlations beside both pictures'
    features, so that it can tell another print from a blurred, shaded or half covered one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tones = nn.Sequential(_convolved(3, 24, 5, 2), _convolved(24, _TONES, 3, 2))
        self.local = nn.Conv2d(_TONES, _LOCAL, 3, padding=1)
        shifts = (2 * _REACH + 1) ** 2
        self.mix = _convolved(shifts + 3 * _LOCAL + 2 * _TONES, _WIDTH, 1, 1)
        self.shrink = _convolved(_WIDTH, _WIDTH, 3, 2)
        self.near = _convolved(_WIDTH, _WIDTH, 3, 1)
        self.far = _convolved(_WIDTH, _WIDTH, 3, 1, dilation=2)
        self.say = nn.Conv2d(_WIDTH, 1, 1)

    @override
    def forward(self, reference: Tensor, query: Tensor) -> Tensor:
        """Map two (B, 3, H, W) in [0, 1], sides divisible by 8, to (B, H / 8, W / 8) logits.

        Positive where the query shows another print or colour than the reference.
        """
        tones0, tones1 = self.tones(4 * reference - 2), self.tones(4 * query - 2)
        local0, local1 = self.local(tones0), self.local(tones1)
        features = [
            _correlated(local0, local1),
            local0,
            local1,
            (local0 - local1).abs(),
            functional.avg_pool2d(tones0, 3, 1, 1),
            functional.avg_pool2d(tones1, 3, 1, 1),
        ]
        hidden = self.shrink(self.mix(torch.cat(features, dim=1)))
        hidden = hidden + self.near(hidden)
        hidden = hidden + self.far(hidden)
        logits: Tensor = self.say(hidden)[:, 0]
        return logits


def _convolved(inward: int, outward: int, side: int, stride: int, dilation: int = 1) -> nn.Module:
    padding = dilation * (side // 2)
    return nn.Sequential(
        nn.Conv2d(inward, outward, side, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(outward),
        nn.ReLU(),
    )


def _correlated(first: Tensor, second: Tensor) -> Tensor:
    """(B, C, h, w) twice to (B, 25, h, w): cosine of local features at every small shift."""
    first, second = functional.normalize(first, dim=1), functional.normalize(second, dim=1)
    height, width = first.shape[2:]
    room = functional.pad(second, (_REACH, _REACH, _REACH, _REACH))
    shifts = range(2 * _REACH + 1)
    moved = (room[:, :, y : y + height, x : x + width] for y in shifts for x in shifts)
    return torch.stack([(first * shifted).sum(dim=1) for shifted in moved], dim=1)
