"""A server's JSON, decoded to the values that it was made of."""

import json
from typing import Any

import numpy as np
import pytest

from api.http.requests.product_forms import change_json
from api.remote.decoding import decode, translate_refusals
from api.schemas.results import event_json, explanation_json, identification_json, product_json
from api.schemas.search import search_page_json
from catalog.errors import CatalogError, Conflict, Invalid, NotFound, PictureError
from catalog.ingest.quality import Issue, IssueKind
from catalog.reconcile.report import Finding, FindingKind, Report
from catalog.records.product import Product, ReferenceImage
from catalog.search.facets import Facet, NumberRange, ValueCount
from catalog.search.search import Hit, SearchResult
from catalog.store import ChangeResult
from client.errors import Declined
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
from matcher.tracking.events import Event, EventKind

OUTLINE = np.array([[1, 2], [9, 2], [9, 8], [1, 8]], np.float32)
TEA = Product(
    "tea",
    "Green tea",
    "loose",
    (("price", 2.0), ("tag", ("leaf", "green")), ("brand", "Tarn")),
    (ReferenceImage("ab" * 32, "png", 64, 48, "tea.png", "2026-01-01T00:00:00Z"),),
    3,
    "2026-01-01T00:00:00Z",
    "2026-01-02T00:00:00Z",
)


def sent(payload: object) -> Any:
    """Return a payload as it comes over the network."""
    return json.loads(json.dumps(payload))


def a_match(verification: Verification | None) -> Match:
    return Match(
        Detection(Box(1, 2, 9, 8), 0.75),
        Verdict.IDENTICAL,
        "tea",
        0.5,
        verification,
        (Candidate("tea", 0.25, 0.5), Candidate("milk", 0.125, 0.0)),
    )


def a_refusal(kind: str) -> Declined:
    return Declined("no such thing", 409, kind, "tea.png")


def test_a_product_comes_back_whole() -> None:
    assert decode(Product, sent(product_json(TEA))) == TEA


def test_the_result_of_a_change_comes_back_whole() -> None:
    issue = Issue(IssueKind.TWIN, "tea.png", "it is like milk.", "milk", 0.9375)
    change = ChangeResult(7, TEA, ("a note.",), (issue,))
    assert decode(ChangeResult, sent(change_json("shop", change))) == change


def test_an_identification_comes_back_without_correspondences() -> None:
    pairs = np.ones((3, 4), np.float32)
    check = Verification("tea", "ab", 57, pairs, OUTLINE, 0.5, 0.25)
    times = StageTimes(detect=1.0, embed=2.0, shortlist=3.0, verify=4.0, total=10.0)
    given = Identification((a_match(check), a_match(None)), 7, times)
    found = decode(Identification, sent(identification_json("x", given)))
    assert (found.index_version, found.elapsed) == (7, times)
    first, second = found.matches
    assert second.verification is None
    assert (first.detection, first.candidates) == (
        given.matches[0].detection,
        given.matches[0].candidates,
    )
    assert first.verification is not None
    assert first.verification.correspondences.shape == (0, 4)
    assert np.array_equal(first.verification.outline, OUTLINE)
    assert (first.verification.inliers, first.verification.coverage) == (57, 0.5)


def test_an_explanation_comes_back_with_its_gates() -> None:
    gates = (Gate("detector", True, 0.5, 0.25, "seen."), Gate("inliers", False, 3.0, 8.0, "few."))
    found = decode(Explanation, sent(explanation_json("x", Explanation("tea", gates, None))))
    assert (found.product_id, found.gates, found.match) == ("tea", gates, None)
    assert found.lost_at == "inliers"


def test_a_page_of_a_search_comes_back_whole() -> None:
    facets = (
        Facet("brand", (ValueCount("Tarn", 2), ValueCount("Oat", 1)), 4, None),
        Facet("price", (), 0, NumberRange(1.0, 2.5)),
    )
    hits = (Hit(TEA, 1.5, None, None), Hit(TEA, None, 0.75, "ab"))
    page = SearchResult(7, 12, hits, facets, {"tee": "tea"}, False)
    assert decode(SearchResult, sent(search_page_json("shop", page, 0))) == page


def test_an_event_comes_back_whole() -> None:
    event = Event(
        sequence=3,
        event=EventKind.CONFIRMED,
        catalog="shop",
        session_id="s",
        appearance_id="s-1",
        track_id=2,
        product_id="tea",
        verdict=Verdict.IDENTICAL,
        probability=0.5,
        box=Box(1, 2, 9, 8),
        outline=OUTLINE,
        frame_index=4,
        media_time_s=0.25,
        timestamp="2026-01-01T00:00:00Z",
        frame_age_ms=12.5,
        late=True,
        index_version=7,
        degraded=False,
    )
    found = decode(Event, sent(event_json(event)))
    assert event_json(found) == event_json(event)
    assert found.event is EventKind.CONFIRMED
    assert found.outline.dtype == np.float32


def test_a_report_comes_back_whole() -> None:
    report = Report((Finding(FindingKind.MENDED, "tea", "it was mended."),), 9, 7)
    findings = [{"kind": "mended", "subject": "tea", "sentence": "it was mended."}]
    payload = {"findings": findings, "objects": 9, "index_version": 7, "drift": 0.1}
    assert decode(Report, payload) == report


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("not-found", NotFound),
        ("conflict", Conflict),
        ("precondition-failed", Conflict),
        ("invalid", Invalid),
        ("picture", PictureError),
    ],
)
def test_a_refusal_is_raised_as_the_error_of_a_local_catalog(
    kind: str, expected: type[CatalogError]
) -> None:
    with pytest.raises(expected, match="no such thing"), translate_refusals():
        raise a_refusal(kind)


def test_a_refusal_that_no_local_catalog_has_stays_what_it_is() -> None:
    with pytest.raises(Declined), translate_refusals():
        raise a_refusal("rate-limited")
