"""Searching a catalog by a picture: its nearest products, fused with what words find."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.search.filters import Conditions
from catalog.search.search import SearchQuery, SearchResult
from catalog.search.vector_index import Neighbour
from matcher.results import Detection

# Likeness is asked of every product; this many are worth showing.
MOST_ALIKE: Final = 100
_MOST_CROPS: Final = 2


class PictureSearchCatalog(Protocol):
    """What a search needs of a catalog snapshot."""

    def near(
        self, embedding: NDArray[np.float32], size: int, where: Conditions
    ) -> Sequence[Neighbour]:
        """Nearest products that meet the conditions, best first."""
        ...

    def search(self, search: SearchQuery, near: Sequence[Neighbour] | None = None) -> SearchResult:
        """Products by words and conditions, fused with those by likeness."""
        ...


class Embedder(Protocol):
    """One global vector per picture."""

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, D) unit vectors of N pictures (H, W, 3) RGB."""
        ...


class Detector(Protocol):
    """Finds what may be products."""

    def detect(self, image: NDArray[np.uint8]) -> Sequence[Detection]:
        """Boxes in an (H, W, 3) RGB picture."""
        ...


class PictureSearch:
    """Finds products that look like a picture; no proof that one of them is in it."""

    def __init__(self, embedder: Embedder, detector: Detector) -> None:
        self._embedder = embedder
        self._detector = detector

    def search(
        self, catalog: PictureSearchCatalog, search: SearchQuery, image: NDArray[np.uint8]
    ) -> SearchResult:
        """Products like an (H, W, 3) RGB picture, which also the words of the search may find.

        The whole picture counts and so do the likeliest products in it; of a product's
        similarities the greatest is taken. At most 100 products are found by likeness.

        Raises:
            Conflict: the catalog was encoded by other networks.
        """
        embeddings = self._embedder.embed(self._views(image))
        near: dict[str, Neighbour] = {}
        for embedding in embeddings:
            for one in catalog.near(embedding, MOST_ALIKE, search.where):
                best = near.get(one.product_id)
                if best is None or one.similarity > best.similarity:
                    near[one.product_id] = one
        ranked = sorted(near.values(), key=lambda one: (-one.similarity, one.product_id))
        return catalog.search(search, ranked[:MOST_ALIKE])

    def _views(self, image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        found = sorted(self._detector.detect(image), key=lambda one: -one.confidence)
        crops = [one.box.crop(image) for one in found[:_MOST_CROPS]]
        return [image, *(crop for crop in crops if crop.size)]
