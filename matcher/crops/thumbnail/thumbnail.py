"""A picture before it is framed, and the crops that come out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.faces import FoundFace
from matcher.crops.thumbnail.feature_map import FeatureMap
from matcher.imaging.box import Box
from matcher.results import Detection


@dataclass(frozen=True, slots=True, eq=False)
class PictureScene:
    """A picture's faces, products and saliency, for all aspects alike.

    Attributes:
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        saliency: (h, w) float32 that sums to 1; its places tile the picture evenly.
        faces: most confident first.
        products: most confident first.
        features: by which the ranker judges windows; None without it.
        is_empty: nothing in it stands out.
    """

    width: int
    height: int
    saliency: NDArray[np.float32]
    faces: tuple[FoundFace, ...] = ()
    products: tuple[Detection, ...] = ()
    features: FeatureMap | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class FramedCrop:
    """A crop, and why.

    Attributes:
        box: whole pixels of the picture.
        score: comparable among the crops of one picture and aspect; higher is better.
        reasons: in words.
        cuts_a_face: an edge goes through a face that was found.
        cuts_a_product: an edge goes through a product that was found.
    """

    box: Box
    score: float
    reasons: tuple[str, ...]
    cuts_a_face: bool
    cuts_a_product: bool = False


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """The crops of one aspect.

    Attributes:
        aspect: that was asked for.
        best: the most pleasant one.
        alternatives: others that differ visibly, best first.
    """

    aspect: Aspect
    best: FramedCrop
    alternatives: tuple[FramedCrop, ...]
