import numpy as np
import pytest
from typing_extensions import override

from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.reference import Reference, ReferenceCache
from matcher.retrieval.shortlist import Shortlist, Shortlister, ShortlistSettings
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
)


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


def listed(
    catalog: MemoryCatalog, picture: Image, size: int, settings: ShortlistSettings | None = None
) -> Shortlist:
    shortlister = Shortlister(ReferenceCache(root_sift()), settings or ShortlistSettings())
    features = root_sift().extract(picture, 800)
    return shortlister.shortlist(ColourEmbedder().embed([picture])[0], features, catalog, size)


@pytest.mark.parametrize("seed", [2, 11])
def test_keypoints_vote_for_the_right_product(shop: MemoryCatalog, seed: int) -> None:
    found = listed(shop, held_up(printed(seed)), 3)
    assert found.product_ids[0] == f"p{seed}"
    assert len(found.product_ids) == 3
    assert {one.product_id for one in found.references} == set(found.product_ids)
    assert len(found.similarities) == 12


def test_without_keypoints_likeness_decides(shop: MemoryCatalog) -> None:
    found = listed(shop, flat(), 5)
    by_likeness = sorted(found.similarities, key=lambda one: -found.similarities[one])
    assert list(found.product_ids) == by_likeness[:5]


def test_a_catalog_smaller_than_asked_for_is_listed_whole() -> None:
    small = MemoryCatalog({"a": [printed(1), printed(2)], "b": [printed(3)]})
    found = listed(small, held_up(printed(3)), 50)
    assert set(found.product_ids) == {"a", "b"}
    assert len(found.references) == 3


def test_an_empty_catalog_lists_nothing() -> None:
    found = listed(MemoryCatalog({}), printed(1), 5)
    assert (found.product_ids, found.references, dict(found.similarities)) == ((), (), {})


def test_references_without_keypoints_get_no_votes_and_break_nothing() -> None:
    blank = MemoryCatalog({f"f{level}": [flat(240, 320, level * 15)] for level in range(12)})
    assert len(listed(blank, printed(1), 4).product_ids) == 4
    mixed = MemoryCatalog(
        {"print": [printed(1)]} | {f"f{level}": [flat(240, 320, level * 15)] for level in range(12)}
    )
    assert listed(mixed, held_up(printed(1)), 4).product_ids[0] == "print"


def test_a_shelf_loads_a_reference_once_while_it_has_room(shop: MemoryCatalog) -> None:
    shelf = ReferenceCache(root_sift(), kept=1)
    first = shelf.get(shop, "p0", "p0-0")
    assert shelf.get(shop, "p0", "p0-0") is first
    shelf.get(shop, "p1", "p1-0")
    again = shelf.get(shop, "p0", "p0-0")
    assert again is not first
    assert np.array_equal(again.features.points, first.features.points)


def verifier() -> Verifier:
    return Verifier(NearestNeighbourMatcher(), TwinTest(), ColourEmbedder(), PlainComparator())


def query(picture: Image) -> Query:
    return Query(picture, root_sift().extract(picture, 1200))


def test_a_contest_has_one_hypothesis_per_product_and_the_likeness_enters() -> None:
    double = MemoryCatalog({"a": [printed(1), printed(1)], "b": [printed(2)]})
    references = listed(double, held_up(printed(1)), 5).references
    contests = verifier().verify(query(held_up(printed(1))), references)
    products = [one.reference.product_id for one in contests[0].hypotheses]
    assert products[0] == "a"
    assert len(products) == len(set(products))
    best = contests[0].hypotheses[0]
    assert 0.3 < best.similarity <= 1.0
    assert 0.3 < best.coverage <= 1.0


def test_twins_meet_in_one_contest_and_are_asked_both_ways() -> None:
    berry, lemon = printed(6).copy(), printed(6).copy()
    berry[120:210, 70:170] = printed(21)[:90, :100]
    lemon[120:210, 70:170] = printed(22)[:90, :100]
    twins = MemoryCatalog({"berry": [berry], "lemon": [lemon]})
    seen = held_up(lemon)
    contest = verifier().verify(query(seen), listed(twins, seen, 5).references)[0]
    assert {one.reference.product_id for one in contest.hypotheses} == {"berry", "lemon"}
    assert {(one.first, one.second) for one in contest.duels} == {(0, 1), (1, 0)}
    for duel in contest.duels:
        first = contest.hypotheses[duel.first].reference.product_id
        assert (duel.evidence.print_lead > 0) is (first == "lemon")


def test_nothing_to_compare_makes_no_contest(shop: MemoryCatalog) -> None:
    references = listed(shop, held_up(printed(1)), 3).references
    assert verifier().verify(query(flat()), references) == []
    assert verifier().verify(query(printed(1)), []) == []


def test_of_many_references_the_strongest_keypoints_vote(shop: MemoryCatalog) -> None:
    few = ShortlistSettings(descriptors=12 * 80)
    for seed in (0, 3, 7):
        assert listed(shop, held_up(printed(seed)), 4, few).product_ids[0] == f"p{seed}"


def test_twins_are_asked_through_the_references_that_are_most_alike() -> None:
    berry, lemon = printed(6).copy(), printed(6).copy()
    berry[120:210, 70:170] = printed(21)[:90, :100]
    lemon[120:210, 70:170] = printed(22)[:90, :100]
    dim = {name: (one * np.array([0.8, 0.55, 0.3])).astype(np.uint8)
           for name, one in (("berry", berry), ("lemon", lemon))}  # fmt: skip
    twins = MemoryCatalog({"berry": [berry, dim["berry"]], "lemon": [dim["lemon"]]})
    seen = held_up(berry)
    asked: list[set[str]] = []

    class Noted(TwinTest):
        @override
        def compare(
            self, first: Reference, second: Reference, query: WarpedQuery
        ) -> TwinEvidence | None:
            asked.append({first.image_id, second.image_id})
            return super().compare(first, second, query)

    Verifier(NearestNeighbourMatcher(), Noted(), ColourEmbedder(), PlainComparator()).verify(
        query(seen), listed(twins, seen, 5).references
    )
    assert asked
    assert all(pair == {"berry-1", "lemon-0"} for pair in asked)
