"""How well an embedding finds the right catalog picture, and what no training gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.box import Box
from training.data import TrainingData, is_held_out, read_rgb
from training.instances import catalog_subject
from training.located import PHOTO_SIDE

Embed = Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]

_DEPTHS: Final = (1, 5, 10)
_PRODUCE_PHOTOS: Final = 8
_CATALOG_SIDE: Final = 260
_BASELINE_SIDE: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A crop of a photo whose product is known."""

    image: NDArray[np.uint8]
    product: str
    carton: bool


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
    queries: tuple[Query, ...]

    def measure(self, embed: Embed) -> dict[str, float]:
        """Shares of queries whose product is among the best 1, 5, 10; and the mean reciprocal rank.

        Cartons (`carton_*`) apart from produce (`produce_*`).
        """
        references = embed(self.references)
        queries = embed([query.image for query in self.queries])
        order = np.argsort(-queries @ references.T, axis=1)
        ranks = np.array(
            [
                [self.names[index] for index in row].index(query.product)
                for row, query in zip(order, self.queries, strict=True)
            ]
        )
        carton = np.array([query.carton for query in self.queries])
        return _figures("carton", ranks[carton]) | _figures("produce", ranks[~carton])


def held_out_set(data: TrainingData, located: Mapping[Path, Box]) -> RetrievalSet:
    """All catalog pictures that may be used, and the photos of held-out products."""
    names = data.products()
    references = [catalog_subject(read_rgb(data.iconic(name), _CATALOG_SIDE)) for name in names]
    queries = [
        query for name in names if is_held_out(name) for query in _queries(data, name, located)
    ]
    on_white = tuple(np.where(s.mask[..., None] > 0, s.image, 255) for s in references
                     if s.mask is not None)  # fmt: skip
    return RetrievalSet(names, tuple(x.astype(np.uint8) for x in on_white), tuple(queries))


def _queries(data: TrainingData, name: str, located: Mapping[Path, Box]) -> list[Query]:
    carton = name in data.cartons
    if not carton:
        paths = data.photos(name)[:_PRODUCE_PHOTOS]
        return [Query(read_rgb(path, _CATALOG_SIDE), name, carton=False) for path in paths]
    return [
        Query(located[path].crop(read_rgb(path, PHOTO_SIDE)), name, carton=True)
        for path in data.photos(name)
        if path in located
    ]


def colour_and_gradients(images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """The training-free baseline: (N, D) unit vectors of colours and edges by region.

    Colours: histograms of hue (weighted by saturation) and of grey levels in a 3 by 3 grid, square
    rooted. Edges: gradient orientations (weighted by strength) in a 4 by 4 grid.
    """
    return np.stack([_colour_and_gradient(image) for image in images])


def _colour_and_gradient(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    square = cv2.resize(image, (_BASELINE_SIDE, _BASELINE_SIDE), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(square, cv2.COLOR_RGB2HSV).astype(np.float32)
    hue, saturation, value = hsv[..., 0], hsv[..., 1] / 255, hsv[..., 2]
    colours = _by_cell(hue * 16 / 180, saturation, 16, 3)
    greys = _by_cell(value * 6 / 256, 1 - saturation, 6, 3)
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY).astype(np.float32)
    dx, dy = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    angle = np.mod(np.arctan2(dy, dx), np.pi) * 8 / np.pi
    edges = _by_cell(np.minimum(angle, 7.999), np.hypot(dx, dy), 8, 4)
    look = np.concatenate([_unit(np.sqrt(np.concatenate([colours, greys]))), 0.7 * _unit(edges)])
    return _unit(look).astype(np.float32)


def _by_cell(
    bins: NDArray[np.floating], weights: NDArray[np.floating], count: int, cells: int
) -> NDArray[np.float64]:
    """Weighted histograms of each cell of a grid, one after the other."""
    rows, columns = np.indices(bins.shape) * cells // bins.shape[0]
    index = (rows * cells + columns) * count + np.minimum(bins.astype(np.int64), count - 1)
    sums = np.bincount(index.ravel(), weights.ravel(), cells * cells * count)
    return sums.astype(np.float64)


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    return vector / (np.linalg.norm(vector) + 1e-9)


def _figures(kind: str, ranks: NDArray[np.int64]) -> dict[str, float]:
    if not len(ranks):
        return {}
    shares = {f"{kind}_top{depth}": float(np.mean(ranks < depth)) for depth in _DEPTHS}
    return shares | {f"{kind}_mrr": float(np.mean(1 / (1 + ranks)))}
