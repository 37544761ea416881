from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.records.calibration import Calibration
from matcher.decision.decision import (
    EVIDENCE,
    Decision,
    DecisionWeights,
    choice_probabilities,
    evidence_matrix,
)
from matcher.decision.fit import read_weights
from matcher.results import TrackCalibration, Verdict
from tests.matcher.decision.contests import contest, duel, hypothesis
from tests.matcher.prints import WEIGHTS

SHIPPED = read_weights(WEIGHTS / "decision.json")


def decided(unknown_share: float | None = None, threshold: float = 0.8) -> Decision:
    return Decision(SHIPPED, threshold, unknown_share)


def probability(*evidence_of_one: float) -> float:
    inliers, correlation, chroma, lead = evidence_of_one
    only = hypothesis("a", int(inliers), correlation, chroma, lead)
    return decided().rank(contest(only))[0].probability


def test_more_evidence_of_each_kind_makes_a_product_more_probable() -> None:
    middling = probability(12, 0.3, 15, 0.5)
    assert probability(30, 0.3, 15, 0.5) > middling
    assert probability(12, 0.6, 15, 0.5) > middling
    assert probability(12, 0.3, 30, 0.5) <= middling
    assert probability(12, 0.3, 15, 0.9) >= middling
    assert probability(5, 0.3, 15, 0.5) < middling


def test_the_most_probable_product_comes_first() -> None:
    ranked = decided().rank(contest(hypothesis("weak", 8, 0.2), hypothesis("strong", 80, 0.9)))
    assert [rival.hypothesis.reference.product_id for rival in ranked] == ["strong", "weak"]
    assert ranked[0].probability > ranked[1].probability


@given(st.lists(st.tuples(st.integers(5, 400), st.floats(-1, 1), st.floats(0, 100)), min_size=1))
def test_the_probabilities_of_a_contest_sum_to_at_most_one(
    several: list[tuple[int, float, float]],
) -> None:
    rivals = [hypothesis(f"p{index}", *evidence) for index, evidence in enumerate(several)]
    ranked = decided().rank(contest(*rivals))
    assert len(ranked) == len(rivals)
    assert all(0 <= rival.probability <= 1 for rival in ranked)
    assert sum(rival.probability for rival in ranked) <= 1 + 1e-9


def test_two_equal_rivals_share_what_one_would_have() -> None:
    alone = decided().rank(contest(hypothesis("a")))[0].probability
    both = decided().rank(contest(hypothesis("a"), hypothesis("b")))
    assert both[0].probability == pytest.approx(both[1].probability)
    assert both[0].probability < 0.6 * alone


def test_a_twin_test_separates_equal_rivals() -> None:
    rivals = (hypothesis("a"), hypothesis("b"))
    ranked = decided().rank(contest(*rivals, duels=(duel(0, 1, -0.8), duel(1, 0, 0.8))))
    assert ranked[0].hypothesis.reference.product_id == "b"
    assert ranked[0].probability > 1.5 * ranked[1].probability


def test_a_sliver_of_differing_colour_counts_less() -> None:
    rivals = (hypothesis("a"), hypothesis("b"))
    colour = {
        share: evidence_matrix(contest(*rivals, duels=(duel(0, 1, 1.0, share),)))[
            :, EVIDENCE.index("twin_colour")
        ]
        for share in (0.01, 0.2)
    }
    assert 0 < colour[0.01][0] < 0.2 * colour[0.2][0]
    assert colour[0.2][1] == -colour[0.2][0]


def test_expecting_more_unknowns_lowers_every_probability() -> None:
    rivals = contest(hypothesis("a", 10, 0.3), hypothesis("b", 8, 0.2))
    few, usual, many = (
        [rival.probability for rival in decided(share).rank(rivals)] for share in (0.01, None, 0.7)
    )
    assert few[0] > usual[0] > many[0]
    assert few[1] > 0
    same = decided(SHIPPED.unknown_share).rank(rivals)
    assert [rival.probability for rival in same] == pytest.approx(usual)


def test_the_prior_shift_is_that_of_bayes() -> None:
    only = contest(hypothesis("a", 10, 0.3))

    def odds(share: float) -> float:
        probability_of_one = decided(share).rank(only)[0].probability
        return probability_of_one / (1 - probability_of_one)

    assert odds(0.2) / odds(0.5) == pytest.approx((0.8 / 0.2) / (0.5 / 0.5))


def test_verdicts_follow_the_threshold_and_what_is_left() -> None:
    decision = decided(threshold=0.8)
    assert decision.threshold == 0.8
    assert decision.verdict(0.8, 0.9) is Verdict.IDENTICAL
    assert decision.verdict(0.5, 0.95) is Verdict.SIMILAR
    assert decision.verdict(0.05, 0.05) is Verdict.UNKNOWN


def test_very_large_evidence_does_not_overflow() -> None:
    assert choice_probabilities(np.array([2000.0, -2000.0])) == pytest.approx([1.0, 0.0])
    assert choice_probabilities(np.array([-2000.0])) == pytest.approx([0.0])


def test_no_hypothesis_leaves_everything_to_none_of_them() -> None:
    assert choice_probabilities(np.zeros(0)).shape == (0,)


def test_weights_keep_the_order_of_the_evidence() -> None:
    worth = np.arange(1.0, len(EVIDENCE) + 1.0)
    weights = DecisionWeights.of(-3.0, worth, 0.2)
    assert weights.evidence_weights().tolist() == worth.tolist()
    assert (weights.bias, weights.unknown_share) == (-3.0, 0.2)
    assert (weights.twin_colour, weights.difference) == (10.0, 11.0)
    assert evidence_matrix(contest(hypothesis("a"))).shape == (1, len(EVIDENCE))


def test_a_catalog_decides_by_its_own_calibration_and_by_no_other_networks() -> None:
    shipped = Decision(SHIPPED, 0.8, model_id="net-1")
    strict = Calibration("net-1", "", 0.01, 0.97, slope=2.0, offset=-1.0, unknown_share=0.9)
    assert shipped.with_calibrations({}) is shipped
    assert shipped.with_calibrations({"net-2": strict}) is shipped
    own = shipped.with_calibrations({"net-1": strict})
    assert (own.threshold, own.answer_scale, own.model_id) == (0.97, (2.0, -1.0), "net-1")
    assert own.answer(0.5) < 0.5
    rivals = contest(hypothesis("a"))
    assert own.rank(rivals)[0].probability < shipped.rank(rivals)[0].probability
    plain = replace(strict, slope=None, offset=None, unknown_share=None)
    same = shipped.with_calibrations({"net-1": plain})
    assert same.answer_scale == shipped.answer_scale
    assert same.rank(rivals)[0].probability == shipped.rank(rivals)[0].probability


def test_what_the_comparator_finds_different_is_less_probable() -> None:
    weights = replace(SHIPPED, difference=-1.0)
    same, other = hypothesis("a", difference=-2.0), hypothesis("b", difference=0.0)
    ranked = Decision(weights, 0.8).rank(contest(other, same))
    assert [rival.hypothesis.reference.product_id for rival in ranked] == ["a", "b"]
    odds = ranked[0].probability / ranked[1].probability
    assert odds == pytest.approx(np.exp(2.0))


def test_a_decision_without_a_calibration_of_tracks_tells_none() -> None:
    weights = DecisionWeights(0, 0, 0, 0, 0, 0, 0, 0, unknown_share=0.5)
    assert Decision(weights, 0.9).track_calibration is None
    tracks = replace(weights, track_scale=0.8, track_offset=-0.2)
    assert Decision(tracks, 0.9).track_calibration == TrackCalibration(0.8, -0.2)


def test_another_scale_of_answers_leaves_what_tracks_are_called_as_it_was() -> None:
    weights = DecisionWeights(
        0, 0, 0, 0, 0, 0, 0, 0, unknown_share=0.5,
        slope=1.2, offset=0.5, track_scale=0.8, track_offset=-0.3,
    )  # fmt: skip
    own = Calibration("m", "", 0.1, 0.9, slope=0.6, offset=-0.4)
    before = Decision(weights, 0.9, model_id="m")
    after = before.with_calibrations({"m": own})
    first, second = before.track_calibration, after.track_calibration
    assert first is not None
    assert second is not None
    for odds in (-2.0, 0.0, 3.0):
        was = first.scale * (1.2 * odds + 0.5) + first.offset
        now = second.scale * (0.6 * odds - 0.4) + second.offset
        assert now == pytest.approx(0.5 * was - 0.65)
