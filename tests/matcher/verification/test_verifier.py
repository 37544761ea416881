"""Contests of references that claim one place."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from typing_extensions import override

from catalog.records.kept import KeptBy, ReferenceCut, ReferenceKind
from matcher.keypoints.closer_look import CloserLook
from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.reference import Reference
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.alignment import WarpedQuery
from matcher.verification.comparator import PlainComparator
from matcher.verification.twin_test import TwinEvidence, TwinTest
from matcher.verification.verifier import Query, Verifier
from tests.matcher.prints import (
    Image,
    MemoryCatalog,
    flat,
    held_up,
    printed,
    root_sift,
    shop_of_twelve,
    shortlist_of,
)


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


def verifier() -> Verifier:
    return Verifier(NearestNeighbourMatcher(), TwinTest(), ColourEmbedder(), PlainComparator())


def query(picture: Image) -> Query:
    return Query(picture, root_sift().extract(picture, 1200))


def test_a_contest_has_one_hypothesis_per_product_and_the_likeness_enters() -> None:
    double = MemoryCatalog({"a": [printed(1), printed(1)], "b": [printed(2)]})
    references = shortlist_of(double, held_up(printed(1)), 5).references
    contests = verifier().verify(query(held_up(printed(1))), references)
    products = [hypothesis.reference.product_id for hypothesis in contests[0].hypotheses]
    assert products[0] == "a"
    assert len(products) == len(set(products))
    best = contests[0].hypotheses[0]
    assert best.lead > 1.0
    assert 0.2 < best.matched <= 1.0
    assert 0.3 < best.coverage <= 1.0


def test_a_corner_that_agrees_in_full_covers_little() -> None:
    catalog = MemoryCatalog({"a": [printed(1)]})
    references = shortlist_of(catalog, held_up(printed(1)), 5).references
    rows, columns = (side // 2 for side in printed(1).shape[:2])
    whole, part = (
        verifier().verify(query(picture), references)[0].hypotheses[0]
        for picture in (printed(1), printed(1)[:rows, :columns])
    )
    assert part.placement.inliers > 50
    assert part.alignment.visible < 0.3
    assert part.coverage < 0.4
    assert whole.coverage > 0.75


def test_twins_meet_in_one_contest_and_are_tested_both_ways() -> None:
    berry, lemon = printed(6).copy(), printed(6).copy()
    berry[120:210, 70:170] = printed(21)[:90, :100]
    lemon[120:210, 70:170] = printed(22)[:90, :100]
    twins = MemoryCatalog({"berry": [berry], "lemon": [lemon]})
    seen = held_up(lemon)
    contest = verifier().verify(query(seen), shortlist_of(twins, seen, 5).references)[0]
    assert {hypothesis.reference.product_id for hypothesis in contest.hypotheses} == {
        "berry",
        "lemon",
    }
    assert {(duel.first, duel.second) for duel in contest.duels} == {(0, 1), (1, 0)}
    for duel in contest.duels:
        first = contest.hypotheses[duel.first].reference.product_id
        assert (duel.evidence.print_lead > 0) is (first == "lemon")


def test_nothing_to_compare_makes_no_contest(shop: MemoryCatalog) -> None:
    references = shortlist_of(shop, held_up(printed(1)), 3).references
    assert verifier().verify(query(flat()), references) == []
    assert verifier().verify(query(printed(1)), []) == []


def test_twins_are_tested_by_the_references_that_are_most_alike() -> None:
    berry, lemon = printed(6).copy(), printed(6).copy()
    berry[120:210, 70:170] = printed(21)[:90, :100]
    lemon[120:210, 70:170] = printed(22)[:90, :100]
    dim = {name: (picture * np.array([0.8, 0.55, 0.3])).astype(np.uint8)
           for name, picture in (("berry", berry), ("lemon", lemon))}  # fmt: skip
    twins = MemoryCatalog({"berry": [berry, dim["berry"]], "lemon": [dim["lemon"]]})
    seen = held_up(berry)
    compared: list[set[str]] = []

    class Noted(TwinTest):
        @override
        def compare(
            self, first: Reference, second: Reference, query: WarpedQuery
        ) -> TwinEvidence | None:
            compared.append({first.image_id, second.image_id})
            return super().compare(first, second, query)

    Verifier(NearestNeighbourMatcher(), Noted(), ColourEmbedder(), PlainComparator()).verify(
        query(seen), shortlist_of(twins, seen, 5).references
    )
    assert compared
    assert all(pair == {"berry-1", "lemon-0"} for pair in compared)


def test_a_photo_that_may_show_more_than_its_product_is_no_proof_beside_one_that_does_not() -> None:
    shown = MemoryCatalog({"a": [printed(1), printed(1)]})
    alone, photo = shortlist_of(shown, held_up(printed(1)), 5).references
    unsure = ReferenceCut(ReferenceKind.PHOTO, KeptBy.DETECTOR)
    sure = ReferenceCut(ReferenceKind.PACKSHOT, KeptBy.GROUND)
    alone = replace(alone, crop=replace(alone.crop, kept=sure))
    photo = replace(photo, crop=replace(photo.crop, kept=unsure))
    seen = query(held_up(printed(1)))

    def proven(*references: Reference) -> bool:
        return verifier().verify(seen, references)[0].hypotheses[0].is_proven

    assert proven(alone)
    assert proven(photo), "alone, it is all that is known of the product"
    claims = verifier().verify(seen, [photo, alone])[0].hypotheses
    assert claims[0].is_proven is (claims[0].reference.image_id == alone.image_id)


class Noting:
    """Finds nothing, and notes how many references were requested."""

    def __init__(self) -> None:
        self.requested: list[int] = []

    def match(
        self, _query: LocalFeatures, references: Sequence[LocalFeatures], /
    ) -> list[Correspondences]:
        self.requested.append(len(references))
        return [Correspondences.joined([]) for _ in references]


def looked_at_closer(shop: MemoryCatalog, picture: Image, *, thorough: bool = True) -> list[int]:
    careful = Noting()
    Verifier(
        NearestNeighbourMatcher(),
        TwinTest(),
        ColourEmbedder(),
        PlainComparator(),
        closer=CloserLook(careful, 3),
    ).verify(query(picture), shortlist_of(shop, picture, 8).references, thorough=thorough)
    return careful.requested


def test_a_product_beyond_doubt_is_not_looked_at_closer(shop: MemoryCatalog) -> None:
    assert looked_at_closer(shop, held_up(printed(1))) == [0]


def test_the_likeliest_are_looked_at_closer_where_nothing_is_clear(shop: MemoryCatalog) -> None:
    assert looked_at_closer(shop, printed(99)) == [3]


def test_what_agrees_with_nothing_is_looked_at_closer_by_a_thorough_look_only(
    shop: MemoryCatalog,
) -> None:
    assert looked_at_closer(shop, printed(99), thorough=False) == [0]
