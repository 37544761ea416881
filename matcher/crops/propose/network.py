"""Calls the proposer's networks: a picture in, scored boxes with kinds and corners out."""

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.crops.propose.proposal import ProposalKind
from matcher.detection.detector import network_places, suppress_overlaps
from matcher.imaging.box import Box
from matcher.imaging.resize import letterbox, to_planes
from matcher.networks.runtime import LoadedNetwork

Image = NDArray[np.uint8]

# Facts of the head as it was trained: rows of its answer.
_BINS: Final = 16
_DISTANCES: Final = slice(0, 4 * _BINS)
_CORNERS: Final = slice(4 * _BINS, 4 * _BINS + 8)
_SCORES: Final = slice(4 * _BINS + 8, None)
_KINDS: Final = (ProposalKind.PAINTING, ProposalKind.OBJECT)
_STRIDE: Final = 32  # pixels; sides of the input are multiples of it
_GREY: Final = (114, 114, 114)  # of padding, as in training
_INPUT_SIZE: Final = 480  # pixels of the longer side, for weights that name no other
# Overlap above which the less confident of two boxes goes.
_OVERLAP: Final = 0.6
_SMALLEST_SIDE_PX: Final = 2.0  # a thinner box cannot be cropped


@dataclass(frozen=True, slots=True, eq=False)
class ProposedBox:
    """A box that the network found.

    Attributes:
        box: in pixels of the picture, inside it.
        kind: painting or object.
        score: of the network, in [0, 1]; not yet what is meant.
        corners: (4, 2) that the network believes, as if it were a painting.
    """

    box: Box
    kind: ProposalKind
    score: float
    corners: NDArray[np.float64]


class ProposalSource(Protocol):
    """Finds what may be meant in a picture."""

    def find(self, image: Image, least: float, most: int) -> tuple[ProposedBox, ...]:
        """Return boxes in an (H, W, 3) RGB picture, the best first.

        Args:
            image: the picture.
            least: lowest score.
            most: largest number of boxes.
        """


class ProposerNetwork:
    """Implements `ProposalSource` by the published features and our head; thread-safe."""

    def __init__(self, features: LoadedNetwork, head: LoadedNetwork) -> None:
        """Take the loaded networks: with the functions `pyramid` and `propose`."""
        self._pyramid = features.functions["pyramid"]
        self._propose = head.functions["propose"]
        self._size = int(head.weights.option("input_size", _INPUT_SIZE))

    def find(self, image: Image, least: float, most: int) -> tuple[ProposedBox, ...]:
        """Return boxes in an (H, W, 3) RGB picture, the best first; blocks."""
        rows, columns = image.shape[:2]
        scale = self._size / max(rows, columns)
        boxed = letterbox(image, _whole(columns * scale), _whole(rows * scale), _GREY)
        (raw,) = self._propose(*self._pyramid(to_planes(boxed.image[None])))
        boxes, corners, scores, kinds = decode_proposals(raw[0], boxed.image.shape[:2], least)
        kept = suppress_overlaps(boxes, scores, _OVERLAP, most)
        in_picture = boxed.to_original(boxes[kept].reshape(-1, 2)).reshape(-1, 4)
        corners_there = boxed.to_original(corners[kept])
        found = [
            ProposedBox(Box(*side).clipped(columns, rows), _KINDS[kind], score, quadrilateral)
            for side, kind, score, quadrilateral in zip(
                in_picture.tolist(),
                kinds[kept].tolist(),
                scores[kept].tolist(),
                corners_there.astype(np.float64),
                strict=True,
            )
        ]
        return tuple(
            candidate
            for candidate in found
            if min(candidate.box.width, candidate.box.height) >= _SMALLEST_SIDE_PX
        )


def decode_proposals(
    raw: NDArray[np.float32], shape: tuple[int, ...], least: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.intp]]:
    """Turn the head's raw answer into boxes.

    Args:
        raw: (74, places), see `ProposerNet.forward`.
        shape: (height, width) of the network's input.
        least: scores below it are left out.

    Returns:
        (N, 4) boxes in input pixels, (N, 4, 2) corners, (N,) scores in [0, 1] and (N,) kinds.
    """
    logits = raw[_SCORES]
    best = logits.max(axis=0)
    kept = np.flatnonzero(best >= _logit(least))
    centres, strides = network_places(shape)
    bins = raw[_DISTANCES, kept].T.reshape(-1, 4, _BINS)
    weights = np.exp(bins - bins.max(axis=2, keepdims=True))
    distances = weights @ np.arange(_BINS, dtype=np.float32) / weights.sum(axis=2)
    distances *= strides[kept, None]
    near, far = centres[kept] - distances[:, :2], centres[kept] + distances[:, 2:]
    shares = raw[_CORNERS, kept].T.reshape(-1, 4, 2)
    corners = near[:, None] + shares * (far - near)[:, None]
    scores = 1 / (1 + np.exp(-best[kept]))
    boxes = np.concatenate([near, far], axis=1).astype(np.float32)
    return boxes, corners.astype(np.float32), scores, logits[:, kept].argmax(axis=0)


def _whole(side: float) -> int:
    """Return the smallest multiple of the stride that holds so many pixels."""
    return max(math.ceil(side / _STRIDE - 1e-6), 1) * _STRIDE


def _logit(share: float) -> float:
    return -math.log(1 / share - 1) if 0 < share < 1 else -math.inf
