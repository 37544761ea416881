"""References, loaded once and kept."""

import numpy as np
import pytest

from matcher.retrieval.reference import ReferenceCache
from tests.matcher.prints import (
    MemoryCatalog,
    root_sift,
    shop_of_twelve,
)


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


def test_the_cache_loads_a_reference_once_while_it_has_room(shop: MemoryCatalog) -> None:
    cache = ReferenceCache(root_sift(), kept=1)
    first = cache.get(shop, "p0", "p0-0")
    assert cache.get(shop, "p0", "p0-0") is first
    cache.get(shop, "p1", "p1-0")
    again = cache.get(shop, "p0", "p0-0")
    assert again is not first
    assert np.array_equal(again.features.points, first.features.points)
