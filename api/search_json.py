"""The JSON of a search: one object for one page."""

from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from api.schemas import product_json

if TYPE_CHECKING:
    from catalog.facets import Facet
    from catalog.search import Found, Hit


class HitJson(TypedDict):
    """A product found; what did not find it is null."""

    product: Any
    relevance: float | None
    similarity: float | None
    reference_image: str | None


class FacetJson(TypedDict):
    """An attribute over everything found; `range` is null when it is no number anywhere."""

    attribute: str
    values: dict[str, int]
    others: int
    range: list[float] | None


class FoundJson(TypedDict):
    """One page."""

    catalog: str
    index_version: int
    total: int
    offset: int
    complete: bool
    corrections: dict[str, str]
    facets: list[FacetJson]
    hits: list[HitJson]


def found_json(catalog: str, found: "Found", offset: int) -> FoundJson:
    """One page of an answer."""
    return {
        "catalog": catalog,
        "index_version": found.index_version,
        "total": found.total,
        "offset": offset,
        "complete": found.complete,
        "corrections": dict(found.corrections),
        "facets": [_facet(one) for one in found.facets],
        "hits": [_hit(one) for one in found.hits],
    }


def _hit(hit: "Hit") -> HitJson:
    return {
        "product": product_json(hit.product),
        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
        "similarity": None if hit.similarity is None else round(hit.similarity, 4),
        "reference_image": hit.image_id,
    }


def _facet(facet: "Facet") -> FacetJson:
    return {
        "attribute": facet.key,
        "values": {one.value: one.products for one in facet.values},
        "others": facet.others,
        "range": None if facet.range is None else [facet.range.least, facet.range.greatest],
    }
