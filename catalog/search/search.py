"""Searching a catalog: words, conditions on attributes, similarity, facets, pages."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.errors import Invalid
from catalog.records.product import Product
from catalog.search.facets import Facet, count_facets
from catalog.search.filters import Conditions
from catalog.search.text_index import TextHits
from catalog.search.vector_index import Neighbour

MOST_PER_PAGE: Final = 1_000  # hits
MOST_FACETS: Final = 20  # of one query; each is counted over everything found

# Reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009) with their constant: BM25 and cosines
# have no common scale, places in a list have.
_FUSION: Final = 60


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query of products.

    Attributes:
        text: words; empty for none.
        where: conditions on attributes.
        facets: attributes to count over everything found.
        offset: hits to pass over, from 0.
        limit: hits to give, 1 to 1,000.
    """

    text: str = ""
    where: Conditions = field(default_factory=Conditions)
    facets: tuple[str, ...] = ()
    offset: int = 0
    limit: int = 20

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            Invalid: a number is out of its range.
        """
        if not 1 <= self.limit <= MOST_PER_PAGE:
            raise Invalid(f"a page of {self.limit} hits cannot be given; ask for 1 to 1,000")
        if self.offset < 0:
            raise Invalid(f"a page cannot start at {self.offset}; start at 0 or later")
        if len(self.facets) > MOST_FACETS:
            raise Invalid(f"{len(self.facets)} facets are too many; ask for at most {MOST_FACETS}")


@dataclass(frozen=True, slots=True)
class Hit:
    """A product found.

    Attributes:
        product: its record.
        relevance: BM25 of the text, comparable within one answer; None when the text did not find
            it.
        similarity: cosine in [-1, 1] of its nearest picture; None when no picture was given or it
            is not among the nearest.
        image_id: that picture; None where `similarity` is.
    """

    product: Product
    relevance: float | None = None
    similarity: float | None = None
    image_id: str | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of an answer.

    Attributes:
        index_version: of the snapshot that was searched.
        total: products found in all.
        hits: the page, best first.
        facets: over everything found, in the order asked.
        corrections: words that were read as others; read-only.
        complete: False when no product has all the words and those with some are given.
    """

    index_version: int
    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...] = ()
    corrections: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


def run_search(
    query: SearchQuery,
    products: Mapping[str, Product],
    index_version: int,
    texts: TextHits | None,
    near: Sequence[Neighbour] | None,
) -> SearchResult:
    """Return one page of what words and similarity found.

    Args:
        query: what to look for.
        products: of the snapshot.
        index_version: of the snapshot.
        texts: what the words found; None when none were given, then all products are found.
        near: products by similarity, best first; None when no picture was given.
    """
    ranked = _ranked(products, texts, near)
    if query.where:
        ranked = [product_id for product_id in ranked if query.where.hold(products[product_id])]
    page = ranked[query.offset : query.offset + query.limit]
    relevances = texts.relevances if texts else {}
    nearest = {neighbour.product_id: neighbour for neighbour in near or ()}
    found = map(products.__getitem__, ranked)
    facets = count_facets(found, query.facets) if query.facets else ()
    return SearchResult(
        index_version=index_version,
        total=len(ranked),
        hits=tuple(
            _hit(products[product_id], relevances.get(product_id), nearest.get(product_id))
            for product_id in page
        ),
        facets=facets,
        corrections=texts.corrections if texts else {},
        complete=texts.complete if texts else True,
    )


def _ranked(
    products: Mapping[str, Product], texts: TextHits | None, near: Sequence[Neighbour] | None
) -> list[str]:
    lists: list[Mapping[str, float]] = []
    if texts is not None:
        lists.append(texts.relevances)
    if near is not None:
        lists.append({neighbour.product_id: neighbour.similarity for neighbour in near})
    if not lists:
        return sorted(products)
    return list(lists[0]) if len(lists) == 1 else fuse_rankings(lists)


def fuse_rankings(lists: Sequence[Mapping[str, float]]) -> list[str]:
    """Return one ranking from several, each best first: high places in several count most.

    Items that are equally good in a list share a place there.
    """
    merits: dict[str, float] = {}
    for ranked in lists:
        place, last = 0, math.inf
        for item, value in ranked.items():
            place += value < last
            last = value
            merits[item] = merits.get(item, 0.0) + 1 / (_FUSION + place)
    return sorted(merits, key=lambda item: -merits[item])


def _hit(product: Product, relevance: float | None, neighbour: Neighbour | None) -> Hit:
    if neighbour is None:
        return Hit(product, relevance)
    return Hit(product, relevance, neighbour.similarity, neighbour.image_id)
