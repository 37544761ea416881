from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.search.filters import Conditions
from catalog.search.search import SearchQuery, SearchResult
from catalog.search.vector_index import Neighbour
from matcher.imaging.box import Box
from matcher.results import Detection
from matcher.retrieval.search import MOST_ALIKE, PictureSearch


class MeanEmbedder:
    part_id, multi_crop_from = "mean", 1.0

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.stack([np.full(2, image.mean(), np.float32) for image in images])


class Boxes:
    def __init__(self, *boxes: Box) -> None:
        self._boxes = boxes

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        assert image.size
        return tuple(Detection(box, 1 / (place + 1)) for place, box in enumerate(self._boxes))


class BrightnessCatalog:
    """Holds one product for each brightness."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def near(
        self, embedding: NDArray[np.float32], size: int, where: Conditions
    ) -> Sequence[Neighbour]:
        assert not where
        alike = [Neighbour(str(n), "", 1 - abs(n - float(embedding[0])) / 255) for n in range(256)]
        return sorted(alike, key=lambda one: -one.similarity)[:size]

    def search(self, search: SearchQuery, near: Sequence[Neighbour] | None = None) -> SearchResult:
        assert not search.text
        self.given = [neighbour.product_id for neighbour in near or ()]
        return SearchResult(1, len(self.given), ())


PICTURE = np.full((40, 40, 3), 100, np.uint8)
PICTURE[:10, :10] = 200


def test_the_nearest_products_to_the_whole_picture_come_first() -> None:
    catalog = BrightnessCatalog()
    PictureSearch(MeanEmbedder(), Boxes()).search(catalog, SearchQuery(), PICTURE)
    assert catalog.given[0] == "106"
    assert len(catalog.given) == len(set(catalog.given)) == MOST_ALIKE


def test_what_is_like_a_product_in_the_picture_is_found_too() -> None:
    catalog = BrightnessCatalog()
    PictureSearch(MeanEmbedder(), Boxes(Box(0, 0, 10, 10))).search(catalog, SearchQuery(), PICTURE)
    assert "200" in catalog.given[:3]
    assert "106" in catalog.given[:3]
