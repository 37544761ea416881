"""The score's rules on answers made by hand."""

import pytest

from bench.recognition.score import (
    Answer,
    Estimate,
    ScoredDetection,
    choose_answer,
    score_answers,
    wilson_interval,
)
from matcher.results import Way


def answered(truth: str | None, named: str | None, probability: float) -> Answer:
    return Answer(truth, named, probability, probability >= 0.5, None, 10.0)


def test_the_most_probable_named_detection_answers_for_the_picture() -> None:
    detections = [
        ScoredDetection("a", 0.4, False),
        ScoredDetection("b", 0.7, True),
        ScoredDetection(None, 0.9, False),
    ]
    assert choose_answer("b", detections, 1.0).named == "b"


def test_a_picture_without_a_named_detection_answers_unknown() -> None:
    given = choose_answer("b", [ScoredDetection(None, 0.9, False)], 1.0)
    assert given.named is None
    assert given.probability == 0.0
    assert choose_answer("b", [], 1.0).named is None


def test_top1_counts_known_pictures_alone_and_ignores_the_verdict() -> None:
    result = score_answers(
        [answered("a", "a", 0.1), answered("a", "b", 0.2), answered(None, None, 0.0)]
    )
    assert result.top1.value == 0.5
    assert (result.known, result.unknown) == (2, 1)


def test_a_named_unknown_is_a_false_positive_for_the_recall_at_precision() -> None:
    right = [answered("a", "a", 0.9), answered("a", "a", 0.5)]
    assert score_answers([*right, answered(None, "a", 0.7)]).recall_at_p99.value == 0.5
    assert score_answers([*right, answered(None, "a", 0.3)]).recall_at_p99.value == 1.0


def test_equal_probabilities_stand_or_fall_together() -> None:
    answers = [answered("a", "a", 0.9), answered("a", "a", 0.5), answered("a", "b", 0.5)]
    result = score_answers(answers)
    assert result.recall_at_p99.value == pytest.approx(1 / 3)
    assert result.threshold == 0.9


def test_one_wrong_name_in_a_hundred_is_still_99_percent_precision() -> None:
    answers = [answered("a", "a", 0.9)] * 99 + [answered("a", "b", 0.9)]
    assert score_answers(answers, draws=10).recall_at_p99.value == pytest.approx(0.99)


def test_no_name_at_all_gives_recall_zero_without_a_threshold() -> None:
    result = score_answers([answered("a", None, 0.0)])
    assert result.recall_at_p99.value == 0.0
    assert result.threshold is None


def test_a_probability_that_means_what_it_says_has_no_calibration_error() -> None:
    answers = [answered("a", "a", 0.75)] * 3 + [answered("a", "b", 0.75)]
    result = score_answers(answers)
    assert result.ece.value == pytest.approx(0.0)
    assert result.brier.value == pytest.approx(0.75 * 0.25)


def test_overconfidence_is_the_calibration_error() -> None:
    assert score_answers([answered("a", "b", 0.8)] * 20).ece.value == pytest.approx(0.8)


def test_reliability_has_fifteen_bins_of_equal_mass() -> None:
    answers = [answered("a", "a", (index + 0.5) / 150) for index in range(150)]
    bins = score_answers(answers).reliability
    assert [reliability_bin.pictures for reliability_bin in bins] == [10] * 15
    assert bins[0].probability < bins[-1].probability


def test_pictures_of_equal_probability_share_a_bin() -> None:
    bins = score_answers([answered("a", "a", 0.5)] * 40).reliability
    assert [reliability_bin.pictures for reliability_bin in bins] == [40]


def test_the_shortlist_recall_ranks_the_truth_by_similarity() -> None:
    candidates = tuple((f"p{index}", 1 - index / 100) for index in range(20))
    ranks = [
        choose_answer(f"p{index}", [ScoredDetection("p0", 0.5, False, candidates)], 1.0)
        for index in (0, 7, 19)
    ]
    recall = score_answers(ranks).shortlist_recall
    assert recall == {5: pytest.approx(1 / 3), 10: pytest.approx(2 / 3), 20: 1.0}


def test_what_was_verified_counts_as_shortlisted_and_each_way_apart() -> None:
    both, votes = tuple(Way), (Way.VOTES,)
    detections = [
        ScoredDetection("a", 0.9, True, (), (("a", votes), ("b", both))),
        ScoredDetection("c", 0.5, False, (), (("c", ()),)),
    ]
    answers = [choose_answer(truth, detections, 1.0) for truth in ("a", "b", "c", "stranger")]
    scored = score_answers(answers)
    assert scored.shortlisted == 0.75
    assert scored.shortlisted_by == {Way.VOTES: 0.5, Way.EMBEDDING: 0.25}


def test_a_method_without_candidates_has_no_shortlist_recall() -> None:
    result = score_answers([answered("a", "a", 0.9)])
    assert result.shortlist_recall is None
    assert result.shortlisted is None
    assert result.shortlisted_by == {}


def test_the_interval_holds_the_figure_and_is_the_same_for_the_same_seed() -> None:
    answers = [answered("a", "a", 0.9)] * 30 + [answered("a", "b", 0.4)] * 10
    first, second = score_answers(answers, seed=3), score_answers(answers, seed=3)
    assert first == second
    assert first.top1.low < first.top1.value < first.top1.high


def test_the_verdict_is_scored_apart() -> None:
    answers = [answered("a", "a", 0.9), answered("a", "b", 0.9), answered(None, "a", 0.1)]
    result = score_answers(answers)
    assert result.verdict_precision == 0.5
    assert result.verdict_recall == 0.5
    assert result.unknown_named.value == 0.0
    assert result.unknown_named.high > 0.5, "one photo proves little"


def test_a_share_has_the_interval_that_wilson_gives() -> None:
    assert wilson_interval(0, 0) == Estimate(0.0, 0.0, 1.0)
    found = wilson_interval(5, 10)
    assert found.low == pytest.approx(0.2366, abs=1e-3)
    assert found.high == pytest.approx(0.7634, abs=1e-3)


def test_times_are_the_median_and_the_95th_percentile() -> None:
    answers = [Answer("a", "a", 0.9, True, None, float(ms)) for ms in range(1, 101)]
    result = score_answers(answers, draws=5)
    assert result.median_ms == pytest.approx(50.5)
    assert result.p95_ms == pytest.approx(95.05)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to score"):
        score_answers([])
