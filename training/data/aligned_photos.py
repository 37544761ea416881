"""Phone photos of cartons, aligned with references as the product's own method aligns them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import Encoding
from matcher.detection.proposals import PrintDetector
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd, LocalFeatures
from matcher.keypoints.homography import find_placements
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.encoder import ReferenceEncoder
from matcher.retrieval.reference import Reference, load_reference
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.alignment import ReferenceView, WarpedQuery, warp_onto
from training.data.sources import TrainingData, is_held_out, read_rgb

_LONGEST: Final = 1280
_SEARCHED: Final = 640
_EXTRACTED: Final = 1500
_FEWEST_INLIERS: Final = 12
# A homography holds around the keypoints that agree on it; a carton's other side bends away.
_TRUSTED: Final = 26
_REFERENCE_PHOTOS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPhoto:
    """A photo in the frame of a reference.

    Attributes:
        product: of the photo.
        reference: of the reference.
        look: the reference's.
        warped: the photo, seen in the look's frame.
        trusted: (h, w) bool, in view and close to keypoints that agree.
        inliers: keypoints that agree.
    """

    product: str
    reference: str
    view: ReferenceView
    warped: WarpedQuery
    trusted: NDArray[np.bool_]
    inliers: int


def align_photos(
    data: TrainingData, front_end: FrontEnd, *, held_out: bool, twins: bool
) -> list[AlignedPhoto]:
    """Photos of cartons wherever a reference is found in them; blocks for a minute or more.

    Args:
        data: the data folder.
        front_end: finds keypoints.
        held_out: of the cartons that are kept for validation, else of those to train on.
        twins: also where another product's reference is found.
    """
    products = [one for one in data.cartons if one not in data.left_out]
    asked = [one for one in products if is_held_out(one) is held_out]
    shelf = [
        one
        for product in (products if twins else asked)
        for one in _references(data, front_end, product)
    ]
    found: list[AlignedPhoto] = []
    for product in asked:
        candidates = [one for one in shelf if twins or one.product_id == product]
        for path in data.photos(product)[len(_reference_photos(data, product)) :]:
            found += _aligned(path, product, candidates, front_end)
    return found


def _references(data: TrainingData, front_end: FrontEnd, product: str) -> list[Reference]:
    """The catalog picture and a few photos, as an owner enrols them."""
    encoder = ReferenceEncoder(
        front_end, NearestNeighbourMatcher(), ColourEmbedder(), PrintDetector()
    )
    encodings: list[Encoding] = []
    for path in (data.iconic(product), *_reference_photos(data, product)):
        encodings.append(encoder.encode(read_rgb(path, _LONGEST), encodings))
    return [
        load_reference(front_end, product, str(number), one) for number, one in enumerate(encodings)
    ]


def _reference_photos(data: TrainingData, product: str) -> tuple[Path, ...]:
    """The first few, never all: some must be left to compare."""
    photos = data.photos(product)
    return photos[: min(_REFERENCE_PHOTOS, len(photos) // 2)]


def _aligned(
    path: Path, product: str, references: Sequence[Reference], front_end: FrontEnd
) -> Iterator[AlignedPhoto]:
    image, _ = resize_within(read_rgb(path, _LONGEST), _SEARCHED, _SEARCHED)
    query = front_end.extract(image, _EXTRACTED)
    matcher = NearestNeighbourMatcher()
    pairs = matcher.match(query, [one.features for one in references])
    for reference, corresponding in zip(references, pairs, strict=True):
        for placement in find_placements(corresponding, query, reference.features)[:1]:
            if placement.inliers < _FEWEST_INLIERS:
                continue
            warped = warp_onto(reference.view, image, placement.homography)
            near = _near(reference.features, placement.reference, reference.view)
            yield AlignedPhoto(
                product,
                reference.product_id,
                reference.view,
                warped,
                near & warped.inside & reference.view.mask,
                placement.inliers,
            )


def _near(
    features: LocalFeatures, inliers: NDArray[np.int64], look: ReferenceView
) -> NDArray[np.bool_]:
    """(h, w) bool, not far from a keypoint that agrees."""
    near = np.zeros(look.mask.shape, np.uint8)
    for x, y in np.rint(features.points[inliers] / look.scale).astype(int).tolist():
        cv2.circle(near, (x, y), _TRUSTED, 1, cv2.FILLED)
    return near > 0
