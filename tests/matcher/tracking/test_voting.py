import pytest

from matcher.imaging.box import Box
from matcher.results import Candidate, Detection, Match, Verdict
from matcher.tracking.voting import NO_RESULT, TrackCalibration, Votes, VoteSettings
from tests.matcher.world import unknown

SETTINGS, CALIBRATION = VoteSettings(), TrackCalibration()
SEEN = Detection(Box(0, 0, 10, 10), 0.9)


def look(verdict: Verdict, **probabilities: float) -> Match:
    candidates = tuple(Candidate(each, 0.5, p) for each, p in probabilities.items())
    best = max(probabilities, key=lambda each: probabilities[each])
    return Match(SEEN, verdict, best, probabilities[best], None, candidates)


def ballot_of(*matches: Match, every: float = 1.0) -> Votes:
    ballot = Votes()
    for number, match in enumerate(matches):
        ballot.cast(match, number * every)
    return ballot


def test_no_look_is_no_answer() -> None:
    assert Votes().answer(SETTINGS, CALIBRATION, None) == NO_RESULT


def test_one_sure_look_is_enough() -> None:
    answer = ballot_of(look(Verdict.IDENTICAL, tea=0.98)).answer(SETTINGS, CALIBRATION, None)
    assert (answer.product_id, answer.verdict) == ("tea", Verdict.IDENTICAL)
    assert answer.probability == pytest.approx(0.98, abs=0.01)


def test_one_doubtful_look_is_not_enough_but_two_that_agree_are() -> None:
    doubtful = look(Verdict.IDENTICAL, tea=0.9, cola=0.05)
    assert ballot_of(doubtful).answer(SETTINGS, CALIBRATION, None).verdict is Verdict.SIMILAR
    answer = ballot_of(doubtful, doubtful).answer(SETTINGS, CALIBRATION, None)
    assert answer.name == "tea"
    assert answer.probability > 0.95


def test_twins_that_share_the_probability_stay_open_until_views_decide() -> None:
    torn = look(Verdict.SIMILAR, tea=0.5, cola=0.45)
    assert ballot_of(torn, torn).answer(SETTINGS, CALIBRATION, None).name is None
    clear = look(Verdict.IDENTICAL, cola=0.9, tea=0.08)
    assert ballot_of(torn, clear, clear).answer(SETTINGS, CALIBRATION, None).name == "cola"


def test_no_number_of_similar_looks_makes_an_identical_product() -> None:
    ballot = ballot_of(*[look(Verdict.SIMILAR, tea=0.8)] * 10)
    assert ballot.answer(SETTINGS, CALIBRATION, None).verdict is Verdict.SIMILAR


def test_repeating_a_look_at_once_counts_less_than_a_later_one() -> None:
    views = [look(Verdict.IDENTICAL, tea=0.7)] * 2
    at_once, later = ballot_of(*views, every=0.04), ballot_of(*views, every=3.0)
    assert at_once.log_odds["tea"] < later.log_odds["tea"]


def test_a_name_stands_through_blurred_looks_and_falls_to_a_better_rival() -> None:
    ballot = ballot_of(*[look(Verdict.IDENTICAL, tea=0.95)] * 3, unknown(SEEN), unknown(SEEN))
    assert ballot.answer(SETTINGS, CALIBRATION, "tea").name == "tea"
    for number in range(4):
        ballot.cast(look(Verdict.IDENTICAL, cola=0.95), 10.0 + number)
    assert ballot.answer(SETTINGS, CALIBRATION, "tea").name == "cola"


def test_a_track_that_shows_nothing_any_more_loses_its_name() -> None:
    ballot = ballot_of(look(Verdict.IDENTICAL, tea=0.95), *[unknown(SEEN)] * 8)
    assert ballot.log_odds["tea"] == pytest.approx(-1)
    assert ballot.answer(SETTINGS, CALIBRATION, "tea").verdict is Verdict.UNKNOWN


def test_votes_of_joined_tracks_are_added() -> None:
    doubtful = look(Verdict.IDENTICAL, tea=0.9)
    ballot = ballot_of(doubtful)
    ballot.add(ballot_of(doubtful))
    assert ballot.answer(SETTINGS, CALIBRATION, None).name == "tea"
    assert ballot.looks == 2


def test_a_track_s_probability_can_be_calibrated() -> None:
    ballot = ballot_of(look(Verdict.IDENTICAL, tea=0.97))
    modest = TrackCalibration(scale=0.5)
    assert ballot.answer(SETTINGS, modest, None).probability < 0.9


def test_a_product_that_left_the_catalog_is_struck_out() -> None:
    ballot = ballot_of(look(Verdict.IDENTICAL, tea=0.97))
    ballot.forget("tea")
    assert ballot.answer(SETTINGS, CALIBRATION, "tea") == NO_RESULT
