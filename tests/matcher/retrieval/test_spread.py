import pytest

from matcher.retrieval.spread import USUAL_SPREAD, SimilaritySpread


def test_a_similarity_is_worth_what_it_is_above_those_of_the_catalog() -> None:
    spread = SimilaritySpread.of([0.1, 0.2, 0.3, 0.4, 0.5, 0.2, 0.3, 0.4])
    assert spread.median == pytest.approx(0.3)
    assert spread.lead(spread.median + 2 * spread.deviation) == pytest.approx(2)
    assert spread.lead(0.9) == pytest.approx((0.9 - 0.3) / spread.deviation)


def test_few_similarities_are_taken_to_spread_as_usual() -> None:
    few = SimilaritySpread.of([0.9, 0.8])
    assert (few.median, few.deviation) == (USUAL_SPREAD.median, USUAL_SPREAD.deviation)
    assert SimilaritySpread.of([]).median == USUAL_SPREAD.median


def test_a_catalog_of_one_sort_of_thing_is_not_infinitely_telling() -> None:
    alike = SimilaritySpread.of([0.9] * 20)
    assert alike.lead(0.96) == pytest.approx(2)
    assert alike.lead(5.0) == 8.0
    assert alike.lead(-5.0) == -3.0
