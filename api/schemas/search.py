"""The JSON of a search: one object for one page."""

from typing import TYPE_CHECKING

from api.schemas.results import product_json
from client.records import FacetJson, FoundJson, HitJson

if TYPE_CHECKING:
    from catalog.search.facets import Facet
    from catalog.search.search import Hit, SearchResult


def search_page_json(catalog: str, found: "SearchResult", offset: int) -> FoundJson:
    """Return one page of a search."""
    return {
        "catalog": catalog,
        "index_version": found.index_version,
        "total": found.total,
        "offset": offset,
        "complete": found.complete,
        "corrections": dict(found.corrections),
        "facets": [_facet(facet) for facet in found.facets],
        "hits": [_hit(hit) for hit in found.hits],
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
        "values": {count.value: count.products for count in facet.values},
        "others": facet.others,
        "range": None if facet.range is None else [facet.range.least, facet.range.greatest],
    }
