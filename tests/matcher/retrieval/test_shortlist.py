from collections.abc import Collection

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from matcher.results import Way
from matcher.retrieval.shortlist import ShortlistSettings
from tests.matcher.prints import (
    MemoryCatalog,
    flat,
    held_up,
    printed,
    shop_of_twelve,
    shortlist_of,
)


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


@pytest.mark.parametrize("seed", [2, 11])
def test_keypoints_vote_for_the_right_product(shop: MemoryCatalog, seed: int) -> None:
    found = shortlist_of(shop, held_up(printed(seed)), 3)
    assert found.product_ids[0] == f"p{seed}"
    assert len(found.product_ids) == 3
    assert {reference.product_id for reference in found.references} == set(found.product_ids)
    assert len(found.similarities) == 12


def test_without_keypoints_likeness_decides(shop: MemoryCatalog) -> None:
    found = shortlist_of(shop, flat(), 5)
    by_likeness = sorted(found.similarities, key=lambda one: -found.similarities[one])
    assert list(found.product_ids) == by_likeness[:5]


def test_a_catalog_smaller_than_the_size_is_listed_whole() -> None:
    small = MemoryCatalog({"a": [printed(1), printed(2)], "b": [printed(3)]})
    found = shortlist_of(small, held_up(printed(3)), 50)
    assert set(found.product_ids) == {"a", "b"}
    assert len(found.references) == 3


def test_an_empty_catalog_lists_nothing() -> None:
    found = shortlist_of(MemoryCatalog({}), printed(1), 5)
    assert (found.product_ids, found.references, dict(found.similarities)) == ((), (), {})


def test_references_without_keypoints_get_no_votes_and_break_nothing() -> None:
    blank = MemoryCatalog({f"f{level}": [flat(240, 320, level * 15)] for level in range(12)})
    assert len(shortlist_of(blank, printed(1), 4).product_ids) == 4
    mixed = MemoryCatalog(
        {"print": [printed(1)]} | {f"f{level}": [flat(240, 320, level * 15)] for level in range(12)}
    )
    assert shortlist_of(mixed, held_up(printed(1)), 4).product_ids[0] == "print"


def test_of_many_references_the_strongest_keypoints_vote(shop: MemoryCatalog) -> None:
    few = ShortlistSettings(descriptors=12 * 80)
    for seed in (0, 3, 7):
        assert shortlist_of(shop, held_up(printed(seed)), 4, few).product_ids[0] == f"p{seed}"


def test_each_way_leads_onto_the_list_and_is_named(shop: MemoryCatalog) -> None:
    found = shortlist_of(shop, held_up(printed(2)), 4)
    assert Way.VOTES in found.ways["p2"]
    nearest = max(found.similarities, key=lambda one: found.similarities[one])
    assert Way.EMBEDDING in found.ways[nearest], "the nearest keeps its place"
    assert set(found.ways) == set(found.product_ids)


def test_of_a_product_with_many_pictures_a_few_are_verified_the_most_voted_among_them() -> None:
    pictures = {f"p{seed}": [printed(seed)] for seed in range(12)}
    pictures["many"] = [flat(240, 320, level * 10) for level in range(20)]
    pictures["many"][15] = printed(40)
    found = shortlist_of(MemoryCatalog(pictures), held_up(printed(40)), 4)
    own = [item.image_id for item in found.references if item.product_id == "many"]
    assert len(own) == 8
    assert "many-15" in own


def test_without_a_codebook_keypoints_vote_among_the_nearest() -> None:
    class Gated(MemoryCatalog):
        """Its front end has no codebook."""

        @override
        def votes(
            self, descriptors: NDArray[np.float32], size: int, without: Collection[str] = ()
        ) -> None:
            return None

    found = shortlist_of(Gated({f"p{n}": [printed(n)] for n in range(12)}), held_up(printed(5)), 3)
    assert found.product_ids[0] == "p5"
