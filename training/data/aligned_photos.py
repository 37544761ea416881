"""Phone photos of cartons, aligned with references as the matcher aligns them."""

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
from matcher.retrieval.encoder import reference_encoder
from matcher.retrieval.reference import Reference, ReferenceView, load_reference
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.alignment import WarpedQuery, warp_onto
from training.data.sources import TrainingData, is_held_out, read_rgb

# Pixels of the longer side: of pictures that are read, and of photos in which keypoints are found.
_LONGEST: Final = 1280
_SEARCHED: Final = 640
# Keypoints of a photo at most.
_EXTRACTED: Final = 1500
_FEWEST_INLIERS: Final = 12
# Pixels of a reference view around keypoints that agree: there the homography holds; a carton's
# other side bends away.
_TRUSTED: Final = 26
_REFERENCE_PHOTOS: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPhoto:
    """A photo in the frame of a reference.

    Attributes:
        product: of the photo.
        reference: of the reference.
        view: the reference's.
        warped: the photo, seen in the view's frame.
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
    """Align photos of cartons with every reference that is found in them.

    Blocks for a minute or more.

    Args:
        data: the data folder.
        front_end: finds keypoints.
        held_out: take the cartons that are kept for validation, else those to train on.
        twins: align with other products' references as well.
    """
    products = [product for product in data.cartons if product not in data.left_out]
    photographed = [product for product in products if is_held_out(product) is held_out]
    references = [
        reference
        for product in (products if twins else photographed)
        for reference in _references(data, front_end, product)
    ]
    found: list[AlignedPhoto] = []
    for product in photographed:
        candidates = [
            reference for reference in references if twins or reference.product_id == product
        ]
        for path in data.photos(product)[len(_reference_photos(data, product)) :]:
            found += _aligned(path, product, candidates, front_end)
    return found


def _references(data: TrainingData, front_end: FrontEnd, product: str) -> list[Reference]:
    """Encode the catalog picture and a few photos, as an owner enrols them."""
    encoder = reference_encoder(front_end, ColourEmbedder(), PrintDetector())
    encodings: list[Encoding] = []
    for path in (data.iconic(product), *_reference_photos(data, product)):
        encodings.append(encoder.encode(read_rgb(path, _LONGEST), encodings))
    return [
        load_reference(front_end, product, str(number), encoding)
        for number, encoding in enumerate(encodings)
    ]


def _reference_photos(data: TrainingData, product: str) -> tuple[Path, ...]:
    """Return the first few photos, never all: some must be left to compare."""
    photos = data.photos(product)
    return photos[: min(_REFERENCE_PHOTOS, len(photos) // 2)]


def _aligned(
    path: Path, product: str, references: Sequence[Reference], front_end: FrontEnd
) -> Iterator[AlignedPhoto]:
    image, _ = resize_within(read_rgb(path, _LONGEST), _SEARCHED, _SEARCHED)
    query = front_end.extract(image, _EXTRACTED)
    matcher = NearestNeighbourMatcher()
    pairs = matcher.match(query, [reference.features for reference in references])
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
    features: LocalFeatures, inliers: NDArray[np.int64], view: ReferenceView
) -> NDArray[np.bool_]:
    """Return (h, w) bool: pixels close to a keypoint that agrees."""
    near = np.zeros(view.mask.shape, np.uint8)
    for x, y in np.rint(features.points[inliers] / view.scale).astype(int).tolist():
        cv2.circle(near, (x, y), _TRUSTED, 1, cv2.FILLED)
    return near > 0
