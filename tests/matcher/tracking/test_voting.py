from dataclasses import replace

import pytest

from matcher.imaging.box import Box
from matcher.results import Candidate, Detection, Match, TrackCalibration, Verdict
from matcher.tracking.voting import NO_RESULT, Votes, VoteSettings
from tests.matcher.world import unknown

SETTINGS, CALIBRATION = VoteSettings(), TrackCalibration()
SEEN = Detection(Box(0, 0, 10, 10), 0.9)


def vote(verdict: Verdict, **probabilities: float) -> Match:
    candidates = tuple(Candidate(product_id, 0.5, p) for product_id, p in probabilities.items())
    best = max(probabilities, key=lambda product_id: probabilities[product_id])
    return Match(SEEN, verdict, best, probabilities[best], None, candidates)


def votes_of(*matches: Match, every: float = 1.0) -> Votes:
    votes = Votes()
    for number, match in enumerate(matches):
        votes.cast(match, number * every)
    return votes


def test_no_look_is_no_answer() -> None:
    assert Votes().result(SETTINGS, CALIBRATION, None) == NO_RESULT


def test_one_sure_look_is_enough() -> None:
    result = votes_of(vote(Verdict.IDENTICAL, tea=0.98)).result(SETTINGS, CALIBRATION, None)
    assert (result.product_id, result.verdict) == ("tea", Verdict.IDENTICAL)
    assert result.probability == pytest.approx(0.98, abs=0.01)


def test_the_catalogs_own_threshold_rules_tracks_too() -> None:
    sure = vote(Verdict.IDENTICAL, tea=0.98)
    strict, lenient = (replace(sure, threshold=threshold) for threshold in (0.999, 0.5))
    assert votes_of(strict, strict).result(SETTINGS, CALIBRATION, None).verdict is Verdict.SIMILAR
    doubtful = replace(vote(Verdict.IDENTICAL, tea=0.7), threshold=0.5)
    assert votes_of(doubtful, doubtful).result(SETTINGS, CALIBRATION, None).name == "tea"
    assert votes_of(lenient).threshold == 0.5
    both = votes_of(sure)
    both.add(votes_of(lenient))
    assert both.threshold == 0.5, "a match without one says nothing of it"


def with_threshold(
    match: Match, threshold: float = 0.9, track: TrackCalibration | None = None
) -> Match:
    return replace(match, threshold=threshold, track=track)


def test_a_track_is_as_sure_as_its_surest_look_and_no_surer() -> None:
    looks = [
        with_threshold(vote(Verdict.SIMILAR, tea=p)) for p in (0.8, 0.85, 0.7, 0.85, 0.8, 0.85)
    ]
    result = votes_of(*looks).result(SETTINGS, CALIBRATION, None)
    assert (result.product_id, result.verdict) == ("tea", Verdict.SIMILAR)
    assert result.probability == pytest.approx(0.85)
    sure = votes_of(*looks, with_threshold(vote(Verdict.IDENTICAL, tea=0.92)))
    assert sure.result(SETTINGS, CALIBRATION, None).name == "tea"
    assert sure.result(SETTINGS, CALIBRATION, None).probability == pytest.approx(0.92)


def test_one_look_above_the_threshold_is_enough_as_it_is_for_a_photo() -> None:
    one = votes_of(with_threshold(vote(Verdict.IDENTICAL, tea=0.91)))
    assert one.result(SETTINGS, CALIBRATION, None).name == "tea"


def test_a_sure_look_does_not_outweigh_many_that_found_nothing() -> None:
    votes = votes_of(*[unknown(SEEN)] * 2, with_threshold(vote(Verdict.IDENTICAL, tea=0.95)))
    assert votes.result(SETTINGS, CALIBRATION, None).name == "tea"
    votes = votes_of(with_threshold(vote(Verdict.IDENTICAL, tea=0.95)), *[unknown(SEEN)] * 8)
    assert votes.result(SETTINGS, CALIBRATION, None).verdict is Verdict.UNKNOWN


def test_the_leader_is_named_and_not_whoever_had_the_surest_look() -> None:
    cola = [with_threshold(vote(Verdict.IDENTICAL, cola=0.93))] * 3
    votes = votes_of(with_threshold(vote(Verdict.IDENTICAL, tea=0.97)), *cola)
    result = votes.result(SETTINGS, CALIBRATION, None)
    assert result.name == "cola"
    assert result.probability == pytest.approx(0.93)


def test_the_decision_s_calibration_of_tracks_rules_what_it_came_with() -> None:
    doubting = TrackCalibration(offset=-1.0)
    look = with_threshold(vote(Verdict.IDENTICAL, tea=0.93), track=doubting)
    assert votes_of(look).result(SETTINGS, CALIBRATION, None).verdict is Verdict.SIMILAR
    joined = votes_of(vote(Verdict.SIMILAR, tea=0.5))
    joined.add(votes_of(look))
    assert joined.track == doubting
    surer = with_threshold(vote(Verdict.IDENTICAL, tea=0.98), track=doubting)
    assert votes_of(look, surer).result(SETTINGS, CALIBRATION, None).name == "tea"


def test_a_product_that_left_is_struck_from_the_surest_looks_too() -> None:
    votes = votes_of(with_threshold(vote(Verdict.IDENTICAL, tea=0.97)))
    votes.forget("tea")
    assert votes.surest == {}


def test_how_votes_stand_is_shown_by_the_leader() -> None:
    assert Votes().standing() is None
    standing = votes_of(with_threshold(vote(Verdict.IDENTICAL, tea=0.9, cola=0.05))).standing()
    assert standing is not None
    assert standing.product_id == "tea"
    assert standing.likelihood > 0.8
    assert standing.surest == pytest.approx(2.197, abs=0.01)


def test_without_a_threshold_the_sum_of_the_votes_is_what_counts() -> None:
    standing = votes_of(*[vote(Verdict.IDENTICAL, tea=0.9)] * 3).standing()
    assert standing is not None
    assert standing.surest > 4


def test_one_doubtful_look_is_not_enough_but_two_that_agree_are() -> None:
    doubtful = vote(Verdict.IDENTICAL, tea=0.9, cola=0.05)
    assert votes_of(doubtful).result(SETTINGS, CALIBRATION, None).verdict is Verdict.SIMILAR
    result = votes_of(doubtful, doubtful).result(SETTINGS, CALIBRATION, None)
    assert result.name == "tea"
    assert result.probability > 0.95


def test_twins_that_share_the_probability_stay_open_until_views_decide() -> None:
    torn = vote(Verdict.SIMILAR, tea=0.5, cola=0.45)
    assert votes_of(torn, torn).result(SETTINGS, CALIBRATION, None).name is None
    clear = vote(Verdict.IDENTICAL, cola=0.9, tea=0.08)
    assert votes_of(torn, clear, clear).result(SETTINGS, CALIBRATION, None).name == "cola"


def test_no_number_of_similar_looks_makes_an_identical_product() -> None:
    votes = votes_of(*[vote(Verdict.SIMILAR, tea=0.8)] * 10)
    assert votes.result(SETTINGS, CALIBRATION, None).verdict is Verdict.SIMILAR


def test_repeating_a_look_at_once_counts_less_than_a_later_one() -> None:
    views = [vote(Verdict.IDENTICAL, tea=0.7)] * 2
    at_once, later = votes_of(*views, every=0.04), votes_of(*views, every=3.0)
    assert at_once.log_odds["tea"] < later.log_odds["tea"]


def test_a_name_stands_through_blurred_looks_and_falls_to_a_better_rival() -> None:
    votes = votes_of(*[vote(Verdict.IDENTICAL, tea=0.95)] * 3, unknown(SEEN), unknown(SEEN))
    assert votes.result(SETTINGS, CALIBRATION, "tea").name == "tea"
    for number in range(4):
        votes.cast(vote(Verdict.IDENTICAL, cola=0.95), 10.0 + number)
    assert votes.result(SETTINGS, CALIBRATION, "tea").name == "cola"


def test_a_track_that_shows_nothing_any_more_loses_its_name() -> None:
    votes = votes_of(vote(Verdict.IDENTICAL, tea=0.95), *[unknown(SEEN)] * 8)
    assert votes.log_odds["tea"] == pytest.approx(-1)
    assert votes.result(SETTINGS, CALIBRATION, "tea").verdict is Verdict.UNKNOWN


def test_votes_of_joined_tracks_are_added() -> None:
    doubtful = vote(Verdict.IDENTICAL, tea=0.9)
    votes = votes_of(doubtful)
    votes.add(votes_of(doubtful))
    assert votes.result(SETTINGS, CALIBRATION, None).name == "tea"
    assert votes.looks == 2


def test_a_track_s_probability_can_be_calibrated() -> None:
    votes = votes_of(vote(Verdict.IDENTICAL, tea=0.97))
    modest = TrackCalibration(scale=0.5)
    assert votes.result(SETTINGS, modest, None).probability < 0.9


def test_a_product_that_left_the_catalog_is_struck_out() -> None:
    votes = votes_of(vote(Verdict.IDENTICAL, tea=0.97))
    votes.forget("tea")
    assert votes.result(SETTINGS, CALIBRATION, "tea") == NO_RESULT
