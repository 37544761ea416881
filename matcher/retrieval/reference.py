"""A reference image as it is shortlisted and verified, loaded once and kept."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.background import without_background
from catalog.encodings.encoding import Encoding, PartIds, ReferenceCrop
from catalog.encodings.printed import PrintedWord
from catalog.records.kept import KeptBy
from catalog.records.product import Product, ReferenceImage
from matcher.keypoints.features import FrontEnd, LocalFeatures

VIEW_SIDE: Final = 192  # pixels of a view's longer side, at which query and reference are compared
_LEAST_SIDE: Final = 8  # pixels of a view's shorter side, one cell of the comparator
_KEPT: Final = 4096  # references in memory, about 0.3 MB each


class EncodedCatalog(Protocol):
    """Products with the encodings of their images; a catalog snapshot is one."""

    @property
    def products(self) -> Mapping[str, Product]:
        """Live products by id."""

    @property
    def part_ids(self) -> PartIds:
        """Ids of what made its encodings."""

    def encoding(self, encoding_id: str) -> Encoding:
        """Return the encoding of a reference image (`ReferenceImage.encoding_id`)."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceView:
    """A reference at the size where it is compared.

    Attributes:
        picture: (h, w, 3) uint8 RGB, longest side `VIEW_SIDE`.
        mask: (h, w) bool, product, not background.
        scale: canonical crop pixels per pixel of `picture`.
    """

    picture: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One reference image, ready to be verified.

    Attributes:
        product_id: whose it is.
        image_id: of the reference image.
        features: keypoints in canonical crop pixels.
        view: the picture at comparison size.
        crop: where the product is in the catalog picture.
        corners: (4, 2) float32, the product's outline in canonical crop pixels.
        embedding: (D,) float32, unit length.
        content_id: another one for every other encoding of the image.
        words: printed on it, in canonical crop pixels.
    """

    product_id: str
    image_id: str
    features: LocalFeatures
    view: ReferenceView
    crop: ReferenceCrop
    corners: NDArray[np.float32]
    embedding: NDArray[np.float32]
    content_id: str = ""
    words: tuple[PrintedWord, ...] = ()


class ReferenceCache:
    """Keeps the references that were used last; bounded and safe to share between threads."""

    def __init__(self, front_end: FrontEnd, kept: int = _KEPT) -> None:
        self._front_end = front_end
        self._kept = kept
        self._lock = Lock()
        self._loaded: OrderedDict[str, Reference] = OrderedDict()

    def of_product(self, catalog: EncodedCatalog, product_id: str) -> list[Reference]:
        """Return all references of a product, in the order of its images.

        Raises:
            KeyError: the catalog has no such product.
        """
        images = catalog.products[product_id].images
        return [self.get(catalog, product_id, image) for image in images]

    def get(self, catalog: EncodedCatalog, product_id: str, image: ReferenceImage) -> Reference:
        """Return the reference, loaded from the catalog at its first use."""
        parts = catalog.part_ids
        content_id = "/".join((parts.crop, *filter(None, [parts.words]), image.kept_id))
        key = f"{product_id}/{content_id}"
        with self._lock:
            known = self._loaded.get(key)
            if known is not None:
                self._loaded.move_to_end(key)
                return known
        encoding = without_background(catalog.encoding(image.encoding_id), image)
        reference = load_reference(
            self._front_end, product_id, image.image_id, encoding, content_id
        )
        with self._lock:
            self._loaded[key] = reference
            while len(self._loaded) > self._kept:
                self._loaded.popitem(last=False)
        return reference


def load_reference(
    front_end: FrontEnd, product_id: str, image_id: str, encoding: Encoding, content_id: str = ""
) -> Reference:
    """Unpack an encoding."""
    crop = encoding.crop
    features = front_end.unpack(encoding.local, crop.width, crop.height)
    return Reference(
        product_id,
        image_id,
        features,
        _view(crop),
        crop,
        canonical_corners(crop),
        encoding.embedding,
        content_id or image_id,
        encoding.words or (),
    )


def shows_product_alone(reference: Reference) -> bool:
    """Return whether more than a detector told the product from what is around it.

    On plain ground it stands alone; other references of the product agree with it; or a person
    drew its outline. References encoded before this was recorded count as such.
    """
    kept = reference.crop.kept
    return kept is None or kept.by in (KeptBy.GROUND, KeptBy.SIBLINGS, KeptBy.PERSON)


def canonical_corners(crop: ReferenceCrop) -> NDArray[np.float32]:
    """Return the (4, 2) float32 outline of the product in canonical crop pixels."""
    outline = crop.outline[None].astype(np.float64)
    corners = cv2.perspectiveTransform(outline, np.linalg.inv(crop.to_picture))[0]
    return np.asarray(corners, np.float32)


def _view(crop: ReferenceCrop) -> ReferenceView:
    stored = np.asarray(cv2.imdecode(crop.jpeg, cv2.IMREAD_COLOR_RGB))
    scale = max(crop.width, crop.height) / VIEW_SIDE
    width, height = (max(round(side / scale), _LEAST_SIDE) for side in (crop.width, crop.height))
    picture = cv2.resize(stored, (width, height), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(crop.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    return ReferenceView(picture.astype(np.uint8), mask > 0, scale)
