"""A catalog as if it lacked some of its pictures.

Without all pictures of a product, photos of that product are true unknowns whose twins stay: the
hardest there are. Without one picture of several, that picture is a photo of a known product.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import Encoding, PartIds
from catalog.records.calibration import Calibration
from catalog.records.product import Product
from catalog.search.keypoints.votes import ImageVote
from catalog.search.vector_index import Neighbour
from matcher.retrieval.shortlist import SearchableCatalog


class ReducedCatalog:
    """A catalog without some pictures, or products; implements `SearchableCatalog`."""

    def __init__(
        self,
        catalog: SearchableCatalog,
        image_ids: frozenset[str],
        calibrations: Mapping[str, Calibration],
    ) -> None:
        """Reduce a catalog; a product of which no picture is left is gone.

        Args:
            catalog: the whole one.
            image_ids: pictures that it shall lack, if any.
            calibrations: by which it decides, whatever its own journal says.
        """
        self._catalog = catalog
        self._image_ids = image_ids
        self.calibrations = calibrations
        self._reduced = {
            product_id: _without(product, image_ids)
            for product_id, product in catalog.products.items()
            if any(image.image_id in image_ids for image in product.images)
        }
        left = {**catalog.products, **self._reduced}
        self.products = {key: product for key, product in left.items() if product.images}

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self._catalog.name

    @property
    def index_version(self) -> int:
        """Journal number of the whole catalog."""
        return self._catalog.index_version

    @property
    def part_ids(self) -> PartIds:
        """Ids of what made the whole catalog's encodings."""
        return self._catalog.part_ids

    def encoding(self, encoding_id: str) -> Encoding:
        """Return the encoding of a reference image (`ReferenceImage.encoding_id`)."""
        return self._catalog.encoding(encoding_id)

    def shortlist(self, embedding: NDArray[np.float32], size: int) -> Sequence[Neighbour]:
        """Return the nearest products by the pictures that are left, best first, at most `size`."""
        near = self._catalog.shortlist(embedding, size + len(self._reduced))
        left = [self._reduce(hit, embedding) for hit in near if hit.product_id in self.products]
        return sorted(left, key=lambda hit: -hit.similarity)[:size]

    def votes(
        self, descriptors: NDArray[np.float32], size: int, without: Collection[str] = ()
    ) -> Sequence[ImageVote] | None:
        """Return the products that keypoints vote for by the pictures that are left, best first."""
        return self._catalog.votes(descriptors, size, self._image_ids.union(without))

    def _reduce(self, near: Neighbour, embedding: NDArray[np.float32]) -> Neighbour:
        reduced = self._reduced.get(near.product_id)
        if reduced is None:
            return near
        vectors = np.stack([self.encoding(image.encoding_id).embedding for image in reduced.images])
        return replace(near, similarity=float((vectors @ embedding).max()))


def _without(product: Product, image_ids: frozenset[str]) -> Product:
    kept = tuple(image for image in product.images if image.image_id not in image_ids)
    return replace(product, images=kept)
