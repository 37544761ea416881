"""The products of a catalog, as they are stored in it, to be trained on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import ReferenceCrop
from catalog.snapshot import Catalog
from matcher.imaging.box import Box
from training.augment.views import Subject
from training.errors import TrainingError

# A very large catalog is trained on in part, so that its crops fit into memory.
MOST_PICTURES: Final = 20_000
# Pictures of a product from which one is held out.
_FEWEST_TO_HOLD_OUT: Final = 3
_FEWEST_PRODUCTS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class ReferencePicture:
    """A reference picture, cut to its product; compressed, because a catalog has thousands."""

    crop: ReferenceCrop

    def image(self) -> NDArray[np.uint8]:
        """Return (H, W, 3) uint8 RGB, as the catalog keeps it."""
        return np.asarray(cv2.imdecode(self.crop.jpeg, cv2.IMREAD_COLOR_RGB), np.uint8)

    def subject(self) -> Subject:
        """Return the product without its surroundings."""
        image = self.image()
        height, width = image.shape[:2]
        mask = cv2.resize(self.crop.mask.astype(np.uint8) * 255, (width, height))
        return Subject(image, np.asarray(mask, np.uint8), Box(0, 0, width, height))


@dataclass(frozen=True, slots=True, eq=False)
class CatalogProduct:
    """A product of the catalog with its pictures.

    Attributes:
        product_id: its id.
        pictures: pictures to train on, at least one.
        held_out: a picture that is never trained on; None for products of fewer than three.
    """

    product_id: str
    pictures: tuple[ReferencePicture, ...]
    held_out: ReferencePicture | None


def read_catalog_products(catalog: Catalog, seed: int = 0) -> tuple[CatalogProduct, ...]:
    """Read the catalog's products with their stored crops; of a very large one a seeded part.

    Raises:
        TrainingError: it has fewer than two products.
        Conflict: other networks encoded it.
        CatalogError: a crop is missing or damaged.
    """
    products = list(catalog.products.values())
    if len(products) < _FEWEST_PRODUCTS:
        raise TrainingError(
            f"catalog {catalog.name} has {len(products)} products: training tells products from "
            "each other and needs two at least"
        )
    chosen: list[CatalogProduct] = []
    count = 0
    for index in np.random.default_rng(seed).permutation(len(products)):
        product = products[index]
        count += len(product.images)
        if count > MOST_PICTURES and len(chosen) >= _FEWEST_PRODUCTS:
            break
        pictures = [
            ReferencePicture(catalog.encoding(image.encoding_id).crop) for image in product.images
        ]
        chosen.append(_split(product.product_id, pictures))
    return tuple(sorted(chosen, key=lambda product: product.product_id))


def _split(product_id: str, pictures: Sequence[ReferencePicture]) -> CatalogProduct:
    """Hold the last picture out where enough are left."""
    if len(pictures) < _FEWEST_TO_HOLD_OUT:
        return CatalogProduct(product_id, tuple(pictures), None)
    return CatalogProduct(product_id, tuple(pictures[:-1]), pictures[-1])
