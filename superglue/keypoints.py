"""Keypoints of several pictures in one batch, padded to one length and masked."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_CENTRED_SPAN = 0.7  # of the longer side, as published; coordinates are divided by it


@dataclass(frozen=True, slots=True, eq=False)
class KeypointBatch:
    """Keypoints of B pictures, padded to N each; `mask` tells real ones from padding.

    Attributes:
        points: (B, N, 2) float, (x, y) pixels, integer = pixel centre.
        scores: (B, N) float in [0, 1].
        descriptors: (B, N, D) float, unit length.
        sizes: (B, 2) float, (width, height) of each picture in pixels.
        mask: (B, N) bool, False for padding, whose values have no influence.
        scales: (B, N) float, diameter of the described patch in pixels; zeros where unknown.
        angles: (B, N) float, radians; zeros where unknown.
    """

    points: Tensor
    scores: Tensor
    descriptors: Tensor
    sizes: Tensor
    mask: Tensor
    scales: Tensor
    angles: Tensor

    @classmethod
    def of(
        cls,
        points: Tensor,
        scores: Tensor,
        descriptors: Tensor,
        size: tuple[int, int],
        scales: Tensor | None = None,
        angles: Tensor | None = None,
    ) -> "KeypointBatch":
        """Make a batch of one picture from (N, 2), (N,), (N, D) and its (width, height)."""
        zeros = torch.zeros_like(scores)
        return cls(
            points=points[None],
            scores=scores[None],
            descriptors=descriptors[None],
            sizes=points.new_tensor([size]),
            mask=torch.ones_like(scores, dtype=torch.bool)[None],
            scales=(zeros if scales is None else scales)[None],
            angles=(zeros if angles is None else angles)[None],
        )

    def padded(self, length: int) -> "KeypointBatch":
        """Return the same keypoints, padded to `length`."""
        extra = length - self.scores.shape[1]
        if extra <= 0:
            return self
        return KeypointBatch(
            points=F.pad(self.points, (0, 0, 0, extra)),
            scores=F.pad(self.scores, (0, extra)),
            descriptors=F.pad(self.descriptors, (0, 0, 0, extra)),
            sizes=self.sizes,
            mask=F.pad(self.mask, (0, extra), value=False),
            scales=F.pad(self.scales, (0, extra)),
            angles=F.pad(self.angles, (0, extra)),
        )

    @classmethod
    def stack(cls, batches: Sequence["KeypointBatch"]) -> "KeypointBatch":
        """Join batches into one, padded to the longest; pictures may be without keypoints."""
        length = max(batch.scores.shape[1] for batch in batches)
        padded = [batch.padded(length) for batch in batches]
        return cls(
            points=torch.cat([batch.points for batch in padded]),
            scores=torch.cat([batch.scores for batch in padded]),
            descriptors=torch.cat([batch.descriptors for batch in padded]),
            sizes=torch.cat([batch.sizes for batch in padded]),
            mask=torch.cat([batch.mask for batch in padded]),
            scales=torch.cat([batch.scales for batch in padded]),
            angles=torch.cat([batch.angles for batch in padded]),
        )

    def geometry(self, oriented: bool) -> Tensor:
        """Return the keypoint encoder's input, (B, N, 3) or, with scale and angle, (B, N, 6).

        Columns: x, y centred on the picture and divided by 0.7 times its longer side; score; and if
        oriented log2 of the patch's share of the longer side, cosine and sine of the angle.
        """
        longest = self.sizes.amax(dim=1)[:, None, None]
        centred = (self.points - self.sizes[:, None] / 2) / (_CENTRED_SPAN * longest)
        columns = [centred, self.scores[..., None]]
        if oriented:
            share = self.scales[..., None].clamp(min=1.0) / longest
            turn = self.angles[..., None]
            columns += [share.log2(), turn.cos(), turn.sin()]
        return torch.cat(columns, dim=2)
