"""One vector for a picture that may show a heap: what looks alike all over is seen in part too.

A photo of a heap of fruit, of a cloth or of gravel shows later another piece of it, another way
round. Most packs' parts look unlike the pack, whose vector then stays that of the whole.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.resize import resize_within

Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]

_LONGEST: Final = 320
_PART: Final = 0.6
# Where a part begins, of the room that it has: corners and middle.
_PLACES: Final = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (1.0, 1.0))
_WEIGHT: Final = 2.0
NEVER: Final = 1.0


def embed_multi_crop(
    image: NDArray[np.uint8], embed: Embed, heaps_from: float
) -> NDArray[np.float32]:
    """(D,) float32 unit vector of an (H, W, 3) RGB picture and, as far as they agree, its parts.

    Args:
        image: all of it may be the product.
        embed: N pictures to (N, D) unit vectors, see `matcher.retrieval.encoder.Embedder`.
        heaps_from: mean cosine of the parts with the whole from which on it may be a heap; where
            heaps and packs lie is each embedder's own. `NEVER` looks at the whole alone.
    """
    if heaps_from >= NEVER:
        return np.asarray(embed([image])[0])
    vectors = embed([image, *cut_crops(image)])
    whole, mirrored_and_parts = vectors[0], vectors[1:]
    alike = float((vectors[-len(_PLACES) :] @ whole).mean())
    weight = _WEIGHT * max(alike - heaps_from, 0.0) / (1 - heaps_from)
    blended = whole + weight * mirrored_and_parts.sum(axis=0)
    return np.asarray(blended / np.linalg.norm(blended), np.float32)


def cut_crops(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The picture mirrored, then five parts of it; small, as an embedder needs them."""
    small, _ = resize_within(image, 1, _LONGEST)
    height, width = (max(round(side * _PART), 1) for side in small.shape[:2])
    parts = [np.ascontiguousarray(small[:, ::-1])]
    for across, down in _PLACES:
        top = round((small.shape[0] - height) * down)
        left = round((small.shape[1] - width) * across)
        parts.append(np.ascontiguousarray(small[top : top + height, left : left + width]))
    return parts
