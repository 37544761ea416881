"""SuperGlue (Sarlin et al., CVPR 2020): matches keypoints of two pictures by attention.

Parameter names, shapes and numbers are those of the published checkpoints (`kenc`, `gnn`); sizes
are free.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from superglue.assignment import Assignment, mutual_matches
from superglue.keypoints import KeypointBatch
from superglue.sinkhorn import log_assignment


@dataclass(frozen=True, slots=True)
class SuperGlueSizes:
    """How large the network is; the defaults are the published ones.

    Attributes:
        descriptors: length of the input descriptors.
        width: channels inside.
        layers: attention layers, alternating self and cross.
        heads: of the attention; divides `width`.
        geometry: 3 for (x, y, score), 6 with scale and angle.
        encoder: hidden channels of the keypoint encoder.
    """

    descriptors: int = 256
    width: int = 256
    layers: int = 18
    heads: int = 4
    geometry: int = 3
    encoder: tuple[int, ...] = (32, 64, 128, 256)

    @classmethod
    def of(cls, state: Mapping[str, Tensor], heads: int = 4) -> "SuperGlueSizes":
        """Return the sizes of a saved state dict; it does not hold the number of heads.

        Raises:
            KeyError: a parameter of SuperGlue is missing.
        """
        width = state["final_proj.weight"].shape[0]
        layers = {key.split(".")[2] for key in state if key.startswith("gnn.layers.")}
        kernels = _encoder_kernels(state)
        entry = state.get("input_proj.weight")
        return cls(
            descriptors=width if entry is None else entry.shape[1],
            width=width,
            layers=len(layers),
            heads=heads,
            geometry=kernels[0].shape[1],
            encoder=tuple(kernel.shape[0] for kernel in kernels[:-1]),
        )


def _encoder_kernels(state: Mapping[str, Tensor]) -> list[Tensor]:
    """The convolution weights of the keypoint encoder, in their order."""
    prefix = "kenc.encoder."
    numbers = sorted({int(key.split(".")[2]) for key in state if key.startswith(prefix)})
    weights = [state[f"{prefix}{number}.weight"] for number in numbers]
    return [weight for weight in weights if weight.ndim == 3]


class PointwiseLinear(nn.Conv1d):
    """A linear map over the last axis whose weight has a 1-D convolution's shape (out, in, 1)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, kernel_size=1)

    @override
    def forward(self, input: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        return F.linear(input, self.weight[:, :, 0], self.bias)


class ChannelNorm(nn.BatchNorm1d):
    """Batch norm over the last axis; in evaluation an affine map for any leading axes."""

    @override
    def forward(self, input: Tensor) -> Tensor:
        """(rows, C) while training, (..., C) in evaluation."""
        mean, variance = self.running_mean, self.running_var
        if self.training or mean is None or variance is None:
            return super().forward(input)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return input * scale + (self.bias - mean * scale)


class PointwiseMlp(nn.Sequential):
    """Linear maps with batch norm and ReLU between, applied to every real keypoint."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.outputs = channels[-1]
        for inputs, outputs in pairwise(channels[:-1]):
            self.append(PointwiseLinear(inputs, outputs))
            self.append(ChannelNorm(outputs))
            self.append(nn.ReLU())
        last = PointwiseLinear(channels[-2], channels[-1])
        nn.init.zeros_(cast(Tensor, last.bias))
        self.append(last)

    def over(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, N, in) to (B, N, out); padding does not enter the statistics of batch norm."""
        if not self.training:
            return cast(Tensor, self(x))
        rows: Tensor = self(x[mask])
        return rows.new_zeros(*mask.shape, self.outputs).index_put((mask,), rows)


class KeypointEncoder(nn.Module):
    """Encodes position and score of keypoints as vectors that are added to their descriptors."""

    def __init__(self, geometry: int, hidden: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.encoder = PointwiseMlp((geometry, *hidden, width))

    @override
    def forward(self, geometry: Tensor, mask: Tensor) -> Tensor:
        """(B, N, 3 or 6) to (B, N, width)."""
        return self.encoder.over(geometry, mask)


class Attention(nn.Module):
    """Multi-head attention; the channel axis is (width / heads, heads), heads varying fastest."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.proj = nn.ModuleList([PointwiseLinear(width, width) for _ in range(3)])
        self.merge = PointwiseLinear(width, width)

    @override
    def forward(self, x: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """(B, M, C) attends to (B, N, C) where the (B, N) mask holds; returns (B, M, C)."""
        query, key, value = (
            self._split(project(vectors))
            for project, vectors in zip(self.proj, (x, source, source), strict=True)
        )
        # Attention to nothing would be NaN: attend to everything there, then set the result to 0.
        has_source = mask.any(dim=1)[:, None]
        visible = (mask | ~has_source)[:, None, None, :]
        message = F.scaled_dot_product_attention(query, key, value, attn_mask=visible)
        merged: Tensor = self.merge(message.permute(0, 2, 3, 1).flatten(2))
        return merged * has_source[..., None].to(merged.dtype)

    def _split(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = x.view(batch, length, width // self.heads, self.heads)
        # Contiguous, because attention over strided heads takes twice as long.
        return split.permute(0, 3, 1, 2).contiguous()


class AttentionalPropagation(nn.Module):
    """One layer: the message that keypoints receive by attention, merged with their vectors."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.mlp = PointwiseMlp((2 * width, 2 * width, width))

    @override
    def forward(self, x: Tensor, mask: Tensor, source: Tensor, source_mask: Tensor) -> Tensor:
        """Return the change of (B, M, C), to be added to it."""
        message = self.attn(x, source, source_mask)
        return self.mlp.over(torch.cat([x, message], dim=2), mask)


class AttentionalGraph(nn.Module):
    """Self- and cross-attention layers in turn; both sides are updated from a layer's input."""

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([AttentionalPropagation(width, heads) for _ in range(layers)])

    @override
    def forward(
        self, x0: Tensor, mask0: Tensor, x1: Tensor, mask1: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(B, M, C) and (B, N, C) to the same shapes."""
        for index, layer in enumerate(self.layers):
            if index % 2 == 0:
                change0, change1 = layer(x0, mask0, x0, mask0), layer(x1, mask1, x1, mask1)
            else:
                change0, change1 = layer(x0, mask0, x1, mask1), layer(x1, mask1, x0, mask0)
            x0, x1 = x0 + change0, x1 + change1
        return x0, x1


class SuperGlue(nn.Module):
    """Matches the keypoints of two pictures; batched, with masks for unequal numbers."""

    def __init__(self, sizes: SuperGlueSizes | None = None, iterations: int = 100) -> None:
        """Initialise with random weights.

        Args:
            sizes: of the network; the published ones if None.
            iterations: of Sinkhorn's normalisation.
        """
        super().__init__()
        sizes = sizes or SuperGlueSizes()
        self.sizes = sizes
        self.iterations = iterations
        if sizes.descriptors != sizes.width:
            self.input_proj = PointwiseLinear(sizes.descriptors, sizes.width)
        self.kenc = KeypointEncoder(sizes.geometry, sizes.encoder, sizes.width)
        self.gnn = AttentionalGraph(sizes.width, sizes.layers, sizes.heads)
        self.final_proj = PointwiseLinear(sizes.width, sizes.width)
        self.bin_score = nn.Parameter(torch.tensor(1.0))

    def encode(self, geometry: Tensor, descriptors: Tensor, mask: Tensor) -> Tensor:
        """(B, N, 3 or 6) and (B, N, D) to (B, N, width): keypoints before attention."""
        if self.sizes.descriptors != self.sizes.width:
            descriptors = self.input_proj(descriptors)
        positions: Tensor = self.kenc(geometry, mask)
        return descriptors + positions

    def attend(self, x0: Tensor, mask0: Tensor, x1: Tensor, mask1: Tensor) -> tuple[Tensor, Tensor]:
        """Turn encoded keypoints of both sides into vectors whose dot products are the scores."""
        x0, x1 = self.gnn(x0, mask0, x1, mask1)
        return self.final_proj(x0), self.final_proj(x1)

    @override
    def forward(self, first: KeypointBatch, second: KeypointBatch) -> Tensor:
        """Return log-probabilities of all pairs and dustbins, (B, M + 1, N + 1) float32."""
        length0, length1 = first.scores.shape[1], second.scores.shape[1]
        first, second = first.padded(1), second.padded(1)
        y0, y1 = self.attend(self._encode(first), first.mask, self._encode(second), second.mask)
        scores = y0.float() @ y1.float().transpose(1, 2) / math.sqrt(self.sizes.width)
        result = log_assignment(scores, self.bin_score, first.mask, second.mask, self.iterations)
        return _strip_padding(result, length0, length1)

    def match(
        self, first: KeypointBatch, second: KeypointBatch, threshold: float = 0.2
    ) -> Assignment:
        """Return pairs that are each other's best and more probable than `threshold`."""
        return mutual_matches(self(first, second), threshold)

    def _encode(self, batch: KeypointBatch) -> Tensor:
        geometry = batch.geometry(oriented=self.sizes.geometry > 3)
        return self.encode(geometry, batch.descriptors, batch.mask)


def _strip_padding(result: Tensor, rows: int, columns: int) -> Tensor:
    """Remove the one padded keypoint that an empty side was given."""
    if rows == 0:
        result = result[:, 1:]
    return result[:, :, 1:] if columns == 0 else result
