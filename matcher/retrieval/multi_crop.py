"""One vector for a picture that may show a heap: of what looks alike all over, crops count too.

A later photo of a heap of fruit, of a cloth or of gravel shows another piece of it, another way
round. Crops of most packs look unlike the pack, whose vector then stays that of the whole.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.resize import resize_within

Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]

_LONGEST: Final = 320  # pixels of the picture that is cropped; embedders use fewer
_CROP: Final = 0.6  # of the picture's width and height
# Where a crop begins, as shares of the room left: corners and middle.
_PLACES: Final = ((0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (0.0, 1.0), (1.0, 1.0))
_WEIGHT: Final = 2.0  # of each crop against the whole, when they look the same
NEVER: Final = 1.0  # no crops look more like the whole than the whole


def embed_multi_crop(
    image: NDArray[np.uint8], embed: Embed, multi_crop_from: float
) -> NDArray[np.float32]:
    """Return the (D,) float32 unit vector of a picture and, as far as they agree, its crops.

    Args:
        image: (H, W, 3) RGB; all of it may be the product.
        embed: N pictures to (N, D) unit vectors, see `matcher.retrieval.embedder.Embedder`.
        multi_crop_from: mean cosine of the crops with the whole above which they count; it differs
            between embedders. `NEVER` embeds the whole alone.
    """
    if multi_crop_from >= NEVER:
        return np.asarray(embed([image])[0])
    vectors = embed([image, *cut_crops(image)])
    whole, mirrored_and_crops = vectors[0], vectors[1:]
    likeness = float((vectors[-len(_PLACES) :] @ whole).mean())
    weight = _WEIGHT * max(likeness - multi_crop_from, 0.0) / (1 - multi_crop_from)
    blended = whole + weight * mirrored_and_crops.sum(axis=0)
    return np.asarray(blended / np.linalg.norm(blended), np.float32)


def cut_crops(image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the picture mirrored, then five crops of it, all small."""
    small, _ = resize_within(image, 1, _LONGEST)
    height, width = (max(round(side * _CROP), 1) for side in small.shape[:2])
    crops = [np.ascontiguousarray(small[:, ::-1])]
    for across, down in _PLACES:
        top = round((small.shape[0] - height) * down)
        left = round((small.shape[1] - width) * across)
        crops.append(np.ascontiguousarray(small[top : top + height, left : left + width]))
    return crops
