import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import Invalid
from catalog.search.datasketch_lsh import DatasketchTables
from catalog.search.lsh import LshTables
from catalog.search.vector_index import ImageReference, Neighbour, VectorIndex
from tests.catalog.support.vectors import DIMENSION, Vectors, seen, shop, unit


def brute_force(
    references: list[ImageReference], vectors: Vectors, query: Vectors, size: int
) -> list[str]:
    best: dict[str, float] = {}
    for reference, similarity in zip(references, vectors @ query, strict=True):
        product = reference.product_id
        best[product] = max(best.get(product, -2.0), float(similarity))
    return sorted(best, key=lambda product: -best[product])[:size]


def names(found: tuple[Neighbour, ...]) -> list[str]:
    return [neighbour.product_id for neighbour in found]


def test_an_empty_index_finds_nothing() -> None:
    assert VectorIndex.of().search(np.ones(DIMENSION, np.float32), 5) == ()


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_of_zero_finds_nothing(size: int) -> None:
    assert VectorIndex.of(*shop(3)).search(shop(3)[1][0], size) == ()


def test_fewer_products_than_requested_are_all_returned() -> None:
    references, vectors = shop(3, images=4)
    found = VectorIndex.of(references, vectors).search(vectors[0], 10)
    assert sorted(names(found)) == ["p0", "p1", "p2"]


def test_a_product_counts_once_with_its_most_similar_picture() -> None:
    references, vectors = shop(5, images=30)
    found = VectorIndex.of(references, vectors).search(vectors[40], 3)
    assert len(set(names(found))) == 3
    assert (found[0].product_id, found[0].image_id) == ("p1", "p1-10")
    assert found[0].similarity == pytest.approx(1)


def test_scanning_gives_what_brute_force_gives() -> None:
    references, vectors = shop(300, images=3)
    index = (
        VectorIndex.of(references, vectors, exact_below=10_000).with_changes((), (), ()).merged()
    )
    for query in seen(vectors[::60], 0.6):
        assert names(index.search(query, 10)) == brute_force(references, vectors, query, 10)


def test_similarities_fall_and_are_cosines() -> None:
    references, vectors = shop(50)
    found = VectorIndex.of(references, vectors).search(vectors[7], 50)
    similarities = [neighbour.similarity for neighbour in found]
    assert similarities == sorted(similarities, reverse=True)
    assert all(-1 <= similarity <= 1 for similarity in similarities)
    assert similarities[0] == pytest.approx(1)


def test_a_vector_of_another_length_is_refused() -> None:
    index = VectorIndex.of(*shop(3))
    with pytest.raises(Invalid, match="lengths"):
        index.search(np.ones(7, np.float32), 1)
    with pytest.raises(Invalid, match="lengths"):
        index.with_changes((), [ImageReference("a", "b")], [np.ones(7, np.float32)])


def test_a_vector_that_is_no_number_is_refused() -> None:
    with pytest.raises(Invalid, match="no numbers"):
        VectorIndex.of(*shop(3)).search(np.full(DIMENSION, np.nan, np.float32), 1)


def test_a_change_leaves_the_old_index_as_it_was() -> None:
    references, vectors = shop(20)
    old = VectorIndex.of(references[:10], vectors[:10])
    new = old.with_changes(set(references[:5]), references[10:], list(vectors[10:]))
    assert names(old.search(vectors[0], 1)) == ["p0"]
    assert names(old.search(vectors[15], 1)) != ["p15"]
    assert names(new.search(vectors[15], 1)) == ["p15"]
    assert "p0" not in names(new.search(vectors[0], 20))
    assert (len(old), len(new)) == (10, 15)


steps = st.lists(
    st.tuples(st.sets(st.integers(0, 29), max_size=8), st.booleans()), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(steps, st.sampled_from([1, 10_000]))
def test_any_history_answers_like_an_index_made_at_once(
    history: list[tuple[set[int], bool]], exact_below: int
) -> None:
    references, vectors = shop(30, images=1)
    index = VectorIndex.of(exact_below=exact_below)
    present: set[int] = set()
    for toggled, merge in history:
        added = sorted(toggled - present)
        removed = {references[row] for row in toggled & present}
        index = index.with_changes(
            removed, [references[r] for r in added], [vectors[r] for r in added]
        )
        present ^= toggled
        index = index.merged() if merge else index
    rows = sorted(present)
    assert set(index.content()[0]) == {references[row] for row in rows}
    expected = brute_force([references[r] for r in rows], vectors[rows], vectors[3], 30)
    assert names(index.search(vectors[3], 30)) == expected


def test_a_merged_index_catches_up_with_what_changed_meanwhile() -> None:
    references, vectors = shop(40)
    before = VectorIndex.of(references[:20], vectors[:20], exact_below=1)
    now = before.with_changes(set(references[:5]), references[20:], list(vectors[20:]))
    merged = before.merged().rebased(now)
    assert merged.hashed
    assert set(merged.content()[0]) == set(references[5:])
    assert names(merged.search(vectors[30], 1)) == ["p30"]


def test_a_growing_index_asks_to_be_merged_and_a_large_one_to_be_hashed() -> None:
    references, vectors = shop(300)
    index = VectorIndex.of(exact_below=1000).with_changes((), references, list(vectors))
    assert index.needs_merge
    assert not index.merged().needs_merge
    assert not index.merged().hashed
    large = VectorIndex.of(references, vectors, exact_below=100)
    assert large.needs_merge
    assert large.merged().hashed
    assert not large.merged().needs_merge


@pytest.mark.parametrize(("cosine", "recall"), [(0.6, 0.8), (0.7, 0.93), (0.8, 0.99)])
def test_hashing_finds_what_brute_force_finds(cosine: float, recall: float) -> None:
    references, vectors = shop(2000, images=2)
    index = VectorIndex.of(references, vectors, exact_below=1).merged()
    assert index.hashed
    queries = seen(vectors[::20], cosine)
    found = [names(index.search(query, 10))[0] for query in queries]
    best = [brute_force(references, vectors, query, 1)[0] for query in queries]
    assert np.mean([a == b for a, b in zip(found, best, strict=True)]) >= recall


def test_hashing_looks_at_a_small_part_only() -> None:
    _, vectors = shop(8000)
    tables = LshTables.of(vectors)
    looked_at = [len(tables.near(query)) for query in seen(vectors[:50], 0.7)]
    assert np.mean(looked_at) < 0.12 * len(vectors)


def test_hashing_returns_as_many_products_as_requested() -> None:
    references, vectors = shop(200)
    index = VectorIndex.of(references, vectors, exact_below=1).merged()
    far = unit(np.random.default_rng(9).standard_normal((20, DIMENSION)))
    assert all(len(index.search(query, 150)) == 150 for query in far)


def test_a_removed_reference_is_not_found_through_the_tables() -> None:
    references, vectors = shop(2000)
    index = VectorIndex.of(references, vectors, exact_below=1).merged()
    index = index.with_changes({references[5]}, (), ())
    assert index.hashed
    assert "p5" not in names(index.search(vectors[5], 3))


def test_hashing_parts_vectors_that_lie_to_one_side_too() -> None:
    _, vectors = shop(4000)
    lopsided = unit(vectors + unit(np.ones(DIMENSION)))
    tables = LshTables.of(lopsided)
    looked_at = [len(tables.near(query)) for query in lopsided[:50]]
    assert np.mean(looked_at) < 0.15 * len(vectors)


def test_datasketch_tables_look_at_the_same_rows() -> None:
    _, vectors = shop(500)
    ours, theirs = LshTables.of(vectors), DatasketchTables.of(vectors)
    for query in seen(vectors[:20], 0.7):
        assert np.array_equal(ours.near(query), theirs.near(query))


def test_the_health_of_an_index_can_be_read() -> None:
    references, vectors = shop(1000)
    small = VectorIndex.of(references, vectors).health
    assert (small.references, small.hashed, small.recall, small.alarm) == (1000, False, None, False)
    index = VectorIndex.of(references, vectors, exact_below=1).merged()
    for query in vectors[:128]:
        index.search(query, 1)
    assert (index.health.hashed, index.health.checks, index.health.recall) == (True, 2, 1.0)


def test_random_queries_make_the_gauge_give_hashing_up() -> None:
    references, vectors = shop(1000)
    index = VectorIndex.of(references, vectors, exact_below=1).merged()
    far = unit(np.random.default_rng(4).standard_normal((64 * 51, DIMENSION)))
    for query in far:
        index.search(query, 1)
    assert not index.hashed
    assert index.health.alarm
    assert names(index.search(far[0], 5)) == brute_force(references, vectors, far[0], 5)
