"""A reference image as the verifier uses it, loaded once and kept."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import Encoding, ReferenceCrop
from matcher.keypoints.features import FrontEnd, LocalFeatures
from matcher.verification.alignment import VIEW_SIDE, ReferenceView

_KEPT: Final = 4096


class EncodedCatalog(Protocol):
    """Where encodings come from; a catalog snapshot is one."""

    def encoding(self, image_id: str) -> Encoding:
        """What the catalog keeps of a reference image."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One reference image, ready to be verified.

    Attributes:
        product_id: whose it is.
        image_id: which.
        features: keypoints in canonical crop pixels.
        look: what it looks like at comparison size.
        crop: where the product is in the catalog picture.
        corners: (4, 2) float32, the product's outline in canonical crop pixels.
        embedding: (D,) float32, unit length.
    """

    product_id: str
    image_id: str
    features: LocalFeatures
    view: ReferenceView
    crop: ReferenceCrop
    corners: NDArray[np.float32]
    embedding: NDArray[np.float32]


class ReferenceCache:
    """Keeps the references that were used last; bounded and safe to share between threads."""

    def __init__(self, front_end: FrontEnd, kept: int = _KEPT) -> None:
        self._front_end = front_end
        self._kept = kept
        self._lock = Lock()
        self._loaded: OrderedDict[str, Reference] = OrderedDict()

    def get(self, encodings: EncodedCatalog, product_id: str, image_id: str) -> Reference:
        """The reference, loaded from the catalog at its first use."""
        key = f"{product_id}/{image_id}"
        with self._lock:
            known = self._loaded.get(key)
            if known is not None:
                self._loaded.move_to_end(key)
                return known
        reference = load_reference(
            self._front_end, product_id, image_id, encodings.encoding(image_id)
        )
        with self._lock:
            self._loaded[key] = reference
            while len(self._loaded) > self._kept:
                self._loaded.popitem(last=False)
        return reference


def load_reference(
    front_end: FrontEnd, product_id: str, image_id: str, encoding: Encoding
) -> Reference:
    """Unpack an encoding."""
    crop = encoding.crop
    features = front_end.unpack(encoding.local, crop.width, crop.height)
    return Reference(
        product_id,
        image_id,
        features,
        _look(crop),
        crop,
        canonical_corners(crop),
        encoding.embedding,
    )


def canonical_corners(crop: ReferenceCrop) -> NDArray[np.float32]:
    """(4, 2) float32, the product's outline in canonical crop pixels."""
    outline = crop.outline[None].astype(np.float64)
    corners = cv2.perspectiveTransform(outline, np.linalg.inv(crop.to_picture))[0]
    return np.asarray(corners, np.float32)


def _look(crop: ReferenceCrop) -> ReferenceView:
    stored = np.asarray(cv2.imdecode(crop.jpeg, cv2.IMREAD_COLOR_RGB))
    scale = max(crop.width, crop.height) / VIEW_SIDE
    size = (max(round(crop.width / scale), 8), max(round(crop.height / scale), 8))
    picture = cv2.resize(stored, size, interpolation=cv2.INTER_AREA)
    mask = cv2.resize(crop.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return ReferenceView(picture.astype(np.uint8), mask > 0, scale)
