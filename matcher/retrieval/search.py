"""Searching a catalog by a picture: its nearest products, fused with what words find."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.search.filters import Conditions
from catalog.search.search import SearchQuery, SearchResult
from catalog.search.vector_index import Neighbour
from matcher.detection.detector import Detector
from matcher.retrieval.embedder import Embedder

MOST_ALIKE: Final = 100  # products; likeness ranks every product, these are worth showing
_MOST_CROPS: Final = 2  # boxes embedded beside the whole picture, the surest ones


class PictureSearchCatalog(Protocol):
    """A catalog snapshot that can be searched by picture and words."""

    def near(
        self, embedding: NDArray[np.float32], size: int, where: Conditions
    ) -> Sequence[Neighbour]:
        """Return the nearest products that meet the conditions, best first."""

    def search(self, search: SearchQuery, near: Sequence[Neighbour] | None = None) -> SearchResult:
        """Return products by words and conditions, fused with those by likeness."""


class PictureSearch:
    """Finds products that look like a picture; no proof that one of them is in it."""

    def __init__(self, embedder: Embedder, detector: Detector) -> None:
        self._embedder = embedder
        self._detector = detector

    def search(
        self, catalog: PictureSearchCatalog, search: SearchQuery, image: NDArray[np.uint8]
    ) -> SearchResult:
        """Return products like an (H, W, 3) RGB picture, fused with what the query's words find.

        The whole picture counts and so do the likeliest products in it; of a product's
        similarities the greatest is taken. At most 100 products are found by likeness.

        Raises:
            Conflict: the catalog was encoded by other networks.
        """
        nearest: dict[str, Neighbour] = {}
        for embedding in self._embedder.embed(self._views(image)):
            for neighbour in catalog.near(embedding, MOST_ALIKE, search.where):
                best = nearest.get(neighbour.product_id)
                if best is None or neighbour.similarity > best.similarity:
                    nearest[neighbour.product_id] = neighbour
        ranked = sorted(nearest.values(), key=lambda near: (-near.similarity, near.product_id))
        return catalog.search(search, ranked[:MOST_ALIKE])

    def _views(self, image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        detections = sorted(self._detector.detect(image), key=lambda box: -box.confidence)
        crops = [detection.box.crop(image) for detection in detections[:_MOST_CROPS]]
        return [image, *(crop for crop in crops if crop.size)]
