"""Validation of an embedder on the products of one catalog."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.augment.views import SHOP_DEGRADATION, SHOP_POSE, Subject, draw_view
from training.data.catalog_products import CatalogProduct
from training.data.instances import whole_box
from training.data.prints import draw_family
from training.embedder.metrics import Embed

# Views of the catalog's products, about so many in all.
MOST_VIEWS: Final = 400
# Families of invented packages, and their members; training draws from smaller seeds.
STRANGERS: Final = 40
_FAMILY: Final = 3
_STRANGE_SEEDS: Final = 1_000_000
_DEPTHS: Final = (1, 5)

Images = Sequence[NDArray[np.uint8]]
Vectors = NDArray[np.float32]


class EmbedderEvaluation:
    """Views of the catalog's products that training never drew, and pictures that it never saw.

    Figures are shares in [0, 1]: `views_top1`, `views_top5` of views, `pictures_top1`,
    `pictures_top5` of held-out pictures (left out where there are none), `twins` of views that are
    more similar to their product than to its nearest other product, `others_top1` of views of
    invented packages that have nothing to do with the catalog.
    """

    def __init__(
        self,
        products: Sequence[CatalogProduct],
        twins: NDArray[np.intp],
        backgrounds: Images,
        side: int,
        seed: int,
    ) -> None:
        """Draw the views.

        Args:
            products: of the catalog.
            twins: (N,) the nearest other product of each.
            backgrounds: to stand behind the products.
            side: pixels of a view.
            seed: of every random draw.
        """
        rng = np.random.default_rng((seed, 1))
        self._twins = twins
        self._references = [picture.image() for product in products for picture in product.pictures]
        self._owners = np.repeat(
            np.arange(len(products)), [len(product.pictures) for product in products]
        )
        per_product = max(MOST_VIEWS // len(products), 1)
        drawn = rng.permutation(len(products))[: max(MOST_VIEWS // per_product, 1)]
        self._truth = np.repeat(drawn, min(per_product, 4))
        self._views = [
            _view(products[index], backgrounds, side, rng) for index in self._truth.tolist()
        ]
        held_out = [(n, product.held_out) for n, product in enumerate(products) if product.held_out]
        self._held_out = [picture.image() for _, picture in held_out]
        self._held_out_truth = np.array([number for number, _ in held_out], np.intp)
        prints = [
            p for n in range(STRANGERS) for p in draw_family(_STRANGE_SEEDS + seed + n, _FAMILY)
        ]
        self._strangers = prints
        self._strange_views = [_seen(flat_subject(p), backgrounds, side, rng) for p in prints]

    def measure(self, embed: Embed) -> dict[str, float]:
        """Return the figures of an embedding, by name."""
        references = embed(self._references)
        figures = {}
        likeness = _per_product(embed(self._views) @ references.T, self._owners)
        figures.update(_tops("views", likeness, self._truth))
        rows = np.arange(len(self._truth))
        own = likeness[rows, self._truth]
        figures["twins"] = float(np.mean(own > likeness[rows, self._twins[self._truth]]))
        if self._held_out:
            queries = _per_product(embed(self._held_out) @ references.T, self._owners)
            figures.update(_tops("pictures", queries, self._held_out_truth))
        strange = embed(self._strange_views) @ embed(self._strangers).T
        right = strange.argmax(axis=1) == np.arange(len(self._strangers))
        return figures | {"others_top1": float(np.mean(right))}


def flat_subject(print_: NDArray[np.uint8]) -> Subject:
    """Return a whole picture as a product."""
    return Subject(print_, np.full(print_.shape[:2], 255, np.uint8), whole_box(print_))


def find_nearest_others(products: Sequence[CatalogProduct], embed: Embed) -> NDArray[np.intp]:
    """Return (N,) for each product the index of the one that looks most like it."""
    vectors = embed([product.pictures[0].image() for product in products])
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    nearest: NDArray[np.intp] = likeness.argmax(axis=1)
    return nearest


def _view(
    product: CatalogProduct, backgrounds: Images, side: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    picture = product.pictures[int(rng.integers(len(product.pictures)))]
    return _seen(picture.subject(), backgrounds, side, rng)


def _seen(
    subject: Subject, backgrounds: Images, side: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    behind = backgrounds[int(rng.integers(len(backgrounds)))]
    return draw_view(subject, SHOP_POSE, side, rng, behind, SHOP_DEGRADATION)


def _per_product(likeness: Vectors, owners: NDArray[np.intp]) -> Vectors:
    """Return (Q, N) similarities: of a product's pictures the most similar one counts."""
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    return np.maximum.reduceat(likeness, starts, axis=1)


def _tops(name: str, likeness: Vectors, truth: NDArray[np.intp]) -> dict[str, float]:
    own = likeness[np.arange(len(truth)), truth]
    ranks = (likeness > own[:, None]).sum(axis=1)
    return {f"{name}_top{depth}": float(np.mean(ranks < depth)) for depth in _DEPTHS}
