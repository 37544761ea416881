"""Validation of embeddings: is the right catalog picture found?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.data.carton_boxes import PHOTO_SIDE
from training.data.instances import catalog_subject
from training.data.sources import TrainingData, is_held_out, read_rgb

Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]

_DEPTHS: Final = (1, 5, 10)
# Pixels of the longer side.
_CATALOG_SIDE: Final = 260


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalQuery:
    """A crop of a photo of a carton that is known."""

    image: NDArray[np.uint8]
    product: str


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalSet:
    """Catalog pictures of many products, photos of those that were never trained on.

    Attributes:
        names: products of the references, in their order.
        references: crops of catalog pictures.
        queries: photos of held-out products.
    """

    names: tuple[str, ...]
    references: tuple[NDArray[np.uint8], ...]
    queries: tuple[RetrievalQuery, ...]

    def measure(self, embed: Embed) -> dict[str, float]:
        """Return shares of products among the best 1, 5 and 10, and the mean reciprocal rank.

        Empty if there are no queries.
        """
        if not self.queries:
            return {}
        references = embed(self.references)
        queries = embed([query.image for query in self.queries])
        order = np.argsort(-queries @ references.T, axis=1)
        ranks = np.array(
            [
                [self.names[index] for index in row].index(query.product)
                for row, query in zip(order, self.queries, strict=True)
            ]
        )
        shares = {f"carton_top{depth}": float(np.mean(ranks < depth)) for depth in _DEPTHS}
        return shares | {"carton_mrr": float(np.mean(1 / (1 + ranks)))}


def read_held_out_set(data: TrainingData, located: Mapping[Path, Box]) -> RetrievalSet:
    """Read all catalog pictures that may be used, and the photos of held-out cartons."""
    names = data.products()
    references = [catalog_subject(read_rgb(data.iconic(name), _CATALOG_SIDE)) for name in names]
    queries = [
        query
        for name in data.cartons
        if name in names and is_held_out(name)
        for query in _queries(data, name, located)
    ]
    on_white = tuple(np.where(s.mask[..., None] > 0, s.image, 255) for s in references
                     if s.mask is not None)  # fmt: skip
    return RetrievalSet(names, tuple(x.astype(np.uint8) for x in on_white), tuple(queries))


def _queries(data: TrainingData, name: str, located: Mapping[Path, Box]) -> list[RetrievalQuery]:
    return [
        RetrievalQuery(located[path].crop(read_rgb(path, PHOTO_SIDE)), name)
        for path in data.photos(name)
        if path in located
    ]
