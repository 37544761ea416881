"""References, loaded once and kept."""

from dataclasses import replace

import numpy as np
import pytest

from catalog.records.kept import KeptChoice
from catalog.records.product import ReferenceImage
from matcher.retrieval.reference import ReferenceCache
from tests.matcher.prints import (
    MemoryCatalog,
    root_sift,
    shop_of_twelve,
)

FIRST = ReferenceImage("p0-0", "png", 240, 320, "p0-0", "")


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


def test_the_cache_loads_a_reference_once_while_it_has_room(shop: MemoryCatalog) -> None:
    cache = ReferenceCache(root_sift(), kept=1)
    first = cache.get(shop, "p0", FIRST)
    assert cache.get(shop, "p0", FIRST) is first
    cache.get(shop, "p1", replace(FIRST, image_id="p1-0"))
    again = cache.get(shop, "p0", FIRST)
    assert again is not first
    assert np.array_equal(again.features.points, first.features.points)


def test_another_choice_of_what_is_kept_is_another_reference(shop: MemoryCatalog) -> None:
    cache = ReferenceCache(root_sift())
    chosen = replace(FIRST, choice=KeptChoice())
    assert cache.get(shop, "p0", FIRST).image_id == "p0-0"
    with pytest.raises(KeyError, match=chosen.encoding_id):
        cache.get(shop, "p0", chosen)
