"""The ways to order a catalog's products that `bench retrieval` compares."""

from collections.abc import Iterator, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from bench.retrieval.retrieval import DEPTHS, KEYPOINTS, PhotoView
from catalog.encodings.encoding import Encoding
from catalog.search.vector_index import Neighbour
from matcher.decision.leave_out import ReducedCatalog
from matcher.retrieval.embedder import Embedder
from matcher.retrieval.shortlist import SearchableCatalog, Shortlister

_DEEPEST: Final = max(DEPTHS)
_BATCH: Final = 64


class ShortlistRanker:
    """The shortlist as it serves: the nearest by embedding, ordered by keypoint votes."""

    def __init__(self, shortlister: Shortlister, catalog: SearchableCatalog, embedder: str) -> None:
        self._shortlister = shortlister
        self._catalog = catalog
        self._embedder = embedder
        self.name = "skulens, similarity and votes"
        self.uses = (embedder, KEYPOINTS)

    def rank(self, view: PhotoView) -> Sequence[str]:
        """Products, best first."""
        vector = view.vectors[self._embedder]
        found = self._shortlister.shortlist(vector, view.features, self._catalog, _DEEPEST)
        return found.product_ids


class VotesRanker:
    """Keypoint votes over every product of the catalog; for small ones."""

    def __init__(self, shortlister: Shortlister, catalog: SearchableCatalog) -> None:
        self._shortlister = shortlister
        self._catalog = EveryProduct(catalog)
        self.name = "keypoint votes alone"
        self.uses = (KEYPOINTS,)

    def rank(self, view: PhotoView) -> Sequence[str]:
        """Products, best first."""
        nothing = np.zeros(0, np.float32)
        found = self._shortlister.shortlist(nothing, view.features, self._catalog, _DEEPEST)
        return found.product_ids


class LikenessRanker:
    """The nearest vectors, every one compared."""

    def __init__(
        self, name: str, embedder: str, products: Sequence[str], vectors: NDArray[np.float32]
    ) -> None:
        """Take (N, D) unit vectors of reference pictures, and N ids of their products."""
        self.name = name
        self.uses = (embedder,)
        self._embedder = embedder
        self._products = products
        self._vectors = vectors

    def rank(self, view: PhotoView) -> Sequence[str]:
        """Products, best first."""
        similarity = self._vectors @ view.vectors[self._embedder]
        ordered = dict.fromkeys(self._products[index] for index in np.argsort(-similarity))
        return list(ordered)[:_DEEPEST]


class EveryProduct(ReducedCatalog):
    """A catalog, nothing left out, in which every product is as near as any other."""

    def __init__(self, catalog: SearchableCatalog) -> None:
        super().__init__(catalog, frozenset(), catalog.calibrations)

    @override
    def shortlist(self, embedding: NDArray[np.float32], size: int) -> Sequence[Neighbour]:
        """Return all products."""
        return [Neighbour(product_id, "", 0.0) for product_id in self.products]


def read_stored_vectors(catalog: SearchableCatalog) -> tuple[list[str], NDArray[np.float32]]:
    """Products and (N, D) embeddings of a catalog's pictures, as it keeps them."""
    kept = [(product_id, encoding.embedding) for product_id, encoding in _encodings(catalog)]
    return [product_id for product_id, _ in kept], np.stack([vector for _, vector in kept])


def embed_stored_crops(
    catalog: SearchableCatalog, embedder: Embedder
) -> tuple[list[str], NDArray[np.float32]]:
    """The same by another embedder, of the crops that the catalog keeps."""
    products: list[str] = []
    vectors: list[NDArray[np.float32]] = []
    waiting: list[NDArray[np.uint8]] = []
    for product_id, encoding in _encodings(catalog):
        products.append(product_id)
        crop = cv2.imdecode(encoding.crop.jpeg, cv2.IMREAD_COLOR_RGB)
        waiting.append(np.asarray(crop, np.uint8))
        if len(waiting) == _BATCH:
            vectors.append(embedder.embed(waiting))
            waiting = []
    if waiting:
        vectors.append(embedder.embed(waiting))
    return products, np.concatenate(vectors)


def _encodings(catalog: SearchableCatalog) -> Iterator[tuple[str, Encoding]]:
    for product_id, product in catalog.products.items():
        for image in product.images:
            yield product_id, catalog.encoding(image.encoding_id)
