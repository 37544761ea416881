"""LightGlue (Lindenberger et al., ICCV 2023): matches keypoints of two pictures by attention.

Positions enter by rotation of queries and keys (Su et al., "RoFormer", 2021), and a pair is
probable where both softmaxes agree and both keypoints are matchable. Parameter names and shapes are
those of the published checkpoints, except that only the last layer's assignment is kept; how a
keypoint is turned and how large it is enter as further inputs, which those lack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from superglue.assignment import Assignment, mutual_matches
from superglue.keypoints import KeypointBatch

_LOG_ZERO = -1e9  # in place of log 0, but finite, so that no difference becomes NaN
_PLACE = 2  # columns of the geometry that are a position
_PUBLISHED_SPAN = 1.4  # times the geometry's unit: half of the picture's longer side is 1


@dataclass(frozen=True, slots=True)
class LightGlueSizes:
    """How large the network is.

    Attributes:
        descriptors: length of the input descriptors.
        width: channels inside.
        layers: pairs of a self and a cross layer; the published ones are 9.
        heads: of the attention; divides `width`.
        geometry: 3 for (x, y, score), 6 with scale and angle.
    """

    descriptors: int = 64
    width: int = 256
    layers: int = 9
    heads: int = 4
    geometry: int = 6

    @classmethod
    def of(cls, state: Mapping[str, Tensor], heads: int = 4) -> "LightGlueSizes":
        """Return the sizes of a saved state dict; it does not hold the number of heads.

        Raises:
            KeyError: a parameter of LightGlue is missing.
        """
        width, inputs = state["input_proj.weight"].shape
        geometry = state["posenc.Wr.weight"].shape[1] + 1
        layers = {key.split(".")[1] for key in state if key.startswith("transformers.")}
        return cls(inputs - (geometry - _PLACE), width, len(layers), heads, geometry)


class PositionEncoding(nn.Module):
    """Angles by which the channels of queries and keys are turned, linear in the geometry."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.Wr = nn.Linear(inputs, channels // 2, bias=False)

    @override
    def forward(self, placed: Tensor) -> Tensor:
        """(B, N, inputs) to (B, N, 2 channels): cosines, then sines, each twice in a row."""
        angles = self.Wr(placed).repeat_interleave(2, dim=2)
        return torch.cat([angles.cos(), angles.sin()], dim=2)


class FeedForward(nn.Sequential):
    """A keypoint's vector and the message that it received, to the change of the vector."""

    def __init__(self, width: int) -> None:
        super().__init__(
            nn.Linear(2 * width, 2 * width),
            nn.LayerNorm(2 * width),
            nn.GELU(),
            nn.Linear(2 * width, width),
        )

    def change(self, x: Tensor, message: Tensor) -> Tensor:
        """(B, N, C) and (B, N, C) to (B, N, C); neither is copied to stand beside the other."""
        joined, *others = self
        first, width = cast("nn.Linear", joined), x.shape[2]
        hidden = F.linear(x, first.weight[:, :width], first.bias)
        hidden = hidden + F.linear(message, first.weight[:, width:])
        for layer in others:
            hidden = layer(hidden)
        return hidden


class SelfLayer(nn.Module):
    """Keypoints of one picture attend to each other."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.Wqkv = nn.Linear(width, 3 * width)
        self.out_proj = nn.Linear(width, width)
        self.ffn = FeedForward(width)

    @override
    def forward(self, x: Tensor, turn: Tensor, mask: Tensor) -> Tensor:
        """(B, N, C), its position encoding and (B, N) mask to (B, N, C)."""
        cosine, sine = turn[:, :, None].chunk(2, dim=3)
        (wq, bq), (wk, bk), (wv, bv) = self._projections()
        query = self._split(x, wq, bq) * cosine + self._split(x, *_quarter_turn(wq, bq)) * sine
        key = self._split(x, wk, bk) * cosine + self._split(x, *_quarter_turn(wk, bk)) * sine
        message = _attend(query, key, self._split(x, wv, bv), mask)
        changed: Tensor = x + self.ffn.change(x, self.out_proj(message))
        return changed

    def _projections(self) -> list[tuple[Tensor, Tensor]]:
        """Return weights (H, c, C) and biases (H, c) of queries, keys and values."""
        width = self.Wqkv.in_features
        weight = self.Wqkv.weight.view(self.heads, -1, 3, width)
        bias = self.Wqkv.bias.view(self.heads, -1, 3)
        return [(weight[:, :, part], bias[:, :, part]) for part in range(3)]

    def _split(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """(B, N, C) to (B, N, H, c)."""
        projected = F.linear(x, weight.flatten(0, 1), bias.flatten())
        return projected.view(*x.shape[:2], *bias.shape)


def _quarter_turn(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Return the projection to each pair of channels turned by 90 degrees.

    A channel pair turned by an angle is cos times itself and sin times this: weights are turned
    once, where vectors would have to be taken apart and interleaved for every picture.
    """
    even, odd = weight[:, 0::2], weight[:, 1::2]
    even_bias, odd_bias = bias[:, 0::2], bias[:, 1::2]
    turned = torch.stack([-odd, even], dim=2).flatten(1, 2)
    return turned, torch.stack([-odd_bias, even_bias], dim=2).flatten(1, 2)


class CrossLayer(nn.Module):
    """Keypoints of two pictures attend to each other, both by one matrix of scores."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_qk = nn.Linear(width, width)
        self.to_v = nn.Linear(width, width)
        self.to_out = nn.Linear(width, width)
        self.ffn = FeedForward(width)

    @override
    def forward(
        self, x0: Tensor, mask0: Tensor, x1: Tensor, mask1: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, M, C) and (B, N, C) with their masks to the same shapes."""
        shared0, shared1 = self._split(self.to_qk(x0)), self._split(self.to_qk(x1))
        value0, value1 = self._split(self.to_v(x0)), self._split(self.to_v(x1))
        message0 = self.to_out(_attend(shared0, shared1, value1, mask1))
        message1 = self.to_out(_attend(shared1, shared0, value0, mask0))
        return x0 + self.ffn.change(x0, message0), x1 + self.ffn.change(x1, message1)

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, x.shape[2] // self.heads)


def _attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """(B, M, H, c) attends to (B, N, H, c) where the (B, N) mask holds; returns (B, M, C)."""
    # Attention to nothing would be NaN: attend to everything there, then set the result to 0.
    has_source = mask.any(dim=1)[:, None]
    visible = (mask | ~has_source)[:, None, None, :]
    query, key, value = (x.transpose(1, 2).contiguous() for x in (query, key, value))
    message = F.scaled_dot_product_attention(query, key, value, attn_mask=visible)
    joined = message.transpose(1, 2).flatten(2)
    return joined * has_source[..., None].to(joined.dtype)


class GlueLayer(nn.Module):
    """One self and one cross layer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = SelfLayer(width, heads)
        self.cross_attn = CrossLayer(width, heads)

    @override
    def forward(
        self, x0: Tensor, turn0: Tensor, mask0: Tensor, x1: Tensor, turn1: Tensor, mask1: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, M, C) and (B, N, C) to the same shapes."""
        x0, x1 = self.self_attn(x0, turn0, mask0), self.self_attn(x1, turn1, mask1)
        changed: tuple[Tensor, Tensor] = self.cross_attn(x0, mask0, x1, mask1)
        return changed


class MatchAssignment(nn.Module):
    """The last vectors to what scores and matchabilities are made of."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = width**-0.25
        self.matchability = nn.Linear(width, 1)
        self.final_proj = nn.Linear(width, width)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """(B, N, C) to (B, N, C + 1): vectors whose products are scores, and log-odds."""
        return torch.cat([self.final_proj(x) * self.scale, self.matchability(x)], dim=2)


class LightGlue(nn.Module):
    """Matches the keypoints of two pictures; batched, with masks for unequal numbers."""

    def __init__(self, sizes: LightGlueSizes | None = None) -> None:
        """Initialise with random weights.

        Args:
            sizes: of the network; those that ship if None.
        """
        super().__init__()
        sizes = sizes or LightGlueSizes()
        self.sizes = sizes
        further = sizes.geometry - _PLACE
        self.input_proj = nn.Linear(sizes.descriptors + further, sizes.width)
        self.posenc = PositionEncoding(sizes.geometry - 1, sizes.width // sizes.heads)
        self.transformers = nn.ModuleList(
            [GlueLayer(sizes.width, sizes.heads) for _ in range(sizes.layers)]
        )
        self.assignment = MatchAssignment(sizes.width)

    def encode(self, geometry: Tensor, descriptors: Tensor, mask: Tensor) -> Tensor:
        """Encode keypoints before attention, where coordinates still stand for pixels.

        Args:
            geometry: (B, N, 3 or 6), see `KeypointBatch.geometry`.
            descriptors: (B, N, D).
            mask: (B, N) bool; not needed here, and there for SuperGlue's sake.

        Returns:
            (B, N, width + 2 width / heads): vectors, and cosines and sines of their places.
        """
        del mask
        place, further = geometry[..., :_PLACE] * _PUBLISHED_SPAN, geometry[..., _PLACE:]
        vectors = self.input_proj(torch.cat([descriptors, further], dim=2))
        turn = self.posenc(torch.cat([place, further[..., 1:]], dim=2))
        return torch.cat([vectors, turn], dim=2)

    def attend(self, x0: Tensor, mask0: Tensor, x1: Tensor, mask1: Tensor) -> tuple[Tensor, Tensor]:
        """Turn encoded keypoints of both sides into what pairs are scored by.

        Returns:
            (B, M, width + 1) and (B, N, width + 1): vectors whose dot products are the scores, and
            the log-odds that a keypoint has a partner.
        """
        width = self.sizes.width
        (x0, turn0), (x1, turn1) = (
            (encoded[..., :width], encoded[..., width:]) for encoded in (x0, x1)
        )
        for layer in self.transformers:
            x0, x1 = layer(x0, turn0, mask0, x1, turn1, mask1)
        return self.assignment(x0), self.assignment(x1)

    @override
    def forward(self, first: KeypointBatch, second: KeypointBatch) -> Tensor:
        """Return log-probabilities of all pairs and of staying alone, (B, M + 1, N + 1) float32."""
        y0, y1 = self.attend(self._encode(first), first.mask, self._encode(second), second.mask)
        scores = y0[..., :-1].float() @ y1[..., :-1].float().transpose(1, 2)
        odds0, odds1 = y0[..., -1].float(), y1[..., -1].float()
        return log_double_softmax(scores, odds0, odds1, first.mask, second.mask)

    def match(
        self, first: KeypointBatch, second: KeypointBatch, threshold: float = 0.1
    ) -> Assignment:
        """Return pairs that are each other's best and more probable than `threshold`."""
        return mutual_matches(self(first, second), threshold)

    def _encode(self, batch: KeypointBatch) -> Tensor:
        geometry = batch.geometry(oriented=self.sizes.geometry > _PLACE + 1)
        return self.encode(geometry, batch.descriptors, batch.mask)


def log_double_softmax(
    scores: Tensor, odds0: Tensor, odds1: Tensor, mask0: Tensor, mask1: Tensor
) -> Tensor:
    """Return log-probabilities of pairs, and of keypoints that have no partner.

    Args:
        scores: (B, M, N), larger is more alike.
        odds0: (B, M) log-odds that a keypoint of the first side has a partner.
        odds1: (B, N), the same for the second side.
        mask0: (B, M) bool, real keypoints of the first side.
        mask1: (B, N) bool, real keypoints of the second side.

    Returns:
        (B, M + 1, N + 1); about -1e9 wherever padding is involved.
    """
    real = mask0[:, :, None] & mask1[:, None, :]
    held = scores.masked_fill(~real, _LOG_ZERO)
    both = F.logsigmoid(odds0)[:, :, None] + F.logsigmoid(odds1)[:, None, :]
    pairs = (held.log_softmax(dim=2) + held.log_softmax(dim=1) + both).masked_fill(~real, _LOG_ZERO)
    alone0 = F.logsigmoid(-odds0).masked_fill(~mask0, _LOG_ZERO)[..., None]
    alone1 = F.logsigmoid(-odds1).masked_fill(~mask1, _LOG_ZERO)[:, None]
    corner = scores.new_full((len(scores), 1, 1), _LOG_ZERO)
    below = torch.cat([alone1, corner], dim=2)
    return torch.cat([torch.cat([pairs, alone0], dim=2), below], dim=1)
