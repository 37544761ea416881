"""A server's JSON as our own messages: the way back of `api.schemas.results`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from catalog.errors import (
    AlreadyExists,
    CatalogError,
    Conflict,
    Invalid,
    NotFound,
    PictureError,
)
from catalog.ingest.quality import Issue, IssueKind
from catalog.reconcile.report import Finding as Difference
from catalog.reconcile.report import FindingKind, Report
from catalog.records.product import AttributeValue, Product, ReferenceImage
from catalog.search.facets import Facet, NumberRange, ValueCount
from catalog.search.search import Hit, SearchResult
from catalog.store import ChangeResult
from client.errors import Declined
from client.records import (
    AttributeJson,
    DetectionJson,
    ExplanationJson,
    FacetJson,
    FoundJson,
    HitJson,
    IdentificationJson,
    ProductJson,
    WrittenJson,
)
from matcher.decision.explain import Explanation, Gate
from matcher.imaging.box import Box
from matcher.results import (
    Candidate,
    Detection,
    Identification,
    Match,
    StageTimes,
    Verdict,
    Verification,
)

# By the last part of a problem's type.
_ERRORS: Final[Mapping[str, type[CatalogError]]] = {
    "not-found": NotFound,
    "already-exists": AlreadyExists,
    "conflict": Conflict,
    "precondition-failed": Conflict,
    "invalid": Invalid,
}


@contextmanager
def translate_refusals() -> Iterator[None]:
    """A server's refusals as the errors that a catalog here would raise."""
    try:
        yield
    except Declined as error:
        if error.kind == "picture":
            raise PictureError(str(error), error.subject) from error
        ours = _ERRORS.get(error.kind)
        if ours is None:
            raise
        raise ours(str(error)) from error


def decode_product(said: ProductJson) -> Product:
    """A product."""
    return Product(
        said["product_id"],
        said["name"],
        said["description"],
        tuple((key, _attribute(value)) for key, value in said["attributes"].items()),
        tuple(ReferenceImage(**one) for one in said["images"]),
        said["revision"],
        said["created_at"],
        said["updated_at"],
    )


def decode_change(said: WrittenJson) -> ChangeResult:
    """What a write did."""
    findings = tuple(
        Issue(
            IssueKind(one["fault"]),
            one["picture"],
            one["sentence"],
            one["product_id"],
            one["similarity"],
        )
        for one in said["findings"]
    )
    product = decode_product(said["product"])
    return ChangeResult(said["index_version"], product, tuple(said["notes"]), findings)


def decode_identification(said: IdentificationJson) -> Identification:
    """What was said of a picture."""
    matches = tuple(map(decode_match, said["detections"]))
    return Identification(matches, said["index_version"], StageTimes(**said["elapsed_ms"]))


def decode_match(said: DetectionJson) -> Match:
    """A detection with its product; the correspondences are not told."""
    check, product_id = None, said["product_id"]
    if said["reference_image"] is not None and product_id is not None:
        check = Verification(
            product_id,
            said["reference_image"],
            said["inliers"],
            np.zeros((0, 4), np.float32),
            decode_points(said["outline"]),
            said["coverage"],
            said["agreement"],
        )
    return Match(
        Detection(Box(*said["box"]), said["confidence"]),
        Verdict(said["verdict"]),
        product_id,
        said["probability"],
        check,
        tuple(Candidate(**one) for one in said["candidates"]),
    )


def decode_explanation(said: ExplanationJson) -> Explanation:
    """Why a product is, or is not, the answer."""
    match = None if said["match"] is None else decode_match(said["match"])
    return Explanation(said["product_id"], tuple(Gate(**one) for one in said["gates"]), match)


def decode_search_page(said: FoundJson) -> SearchResult:
    """One page of a search."""
    return SearchResult(
        said["index_version"],
        said["total"],
        tuple(map(_hit, said["hits"])),
        tuple(map(_facet, said["facets"])),
        said["corrections"],
        said["complete"],
    )


def decode_report(result: dict[str, Any]) -> Report:
    """What comparing a catalog with its storage found."""
    findings = tuple(
        Difference(FindingKind(one["kind"]), one["subject"], one["sentence"])
        for one in result["findings"]
    )
    return Report(findings, result["objects"], result["index_version"])


def _hit(said: HitJson) -> Hit:
    product = decode_product(said["product"])
    return Hit(product, said["relevance"], said["similarity"], said["reference_image"])


def _facet(said: FacetJson) -> Facet:
    values = tuple(ValueCount(value, count) for value, count in said["values"].items())
    given = said["range"]
    return Facet(said["attribute"], values, said["others"], NumberRange(*given) if given else None)


def _attribute(value: AttributeJson) -> AttributeValue:
    if isinstance(value, list):
        return tuple(value)
    return value if isinstance(value, str) else float(value)


def decode_points(points: list[list[float]]) -> NDArray[np.float32]:
    """Corners, (N, 2)."""
    return np.array(points, np.float32).reshape(-1, 2)
