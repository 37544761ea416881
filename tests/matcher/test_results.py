"""Log-odds; times of stages, as they are measured and published."""

from math import log

import pytest

from matcher.results import StageTimes, Stopwatch, log_odds


def test_a_stopwatch_adds_up_stages_even_when_one_fails() -> None:
    watch = Stopwatch()
    with watch.stage("embed"):
        pass
    with pytest.raises(KeyError), watch.stage("verify"):
        raise KeyError
    once = watch.times()
    with watch.stage("embed"):
        sum(range(1000))
    twice = watch.times()
    assert twice.embed > once.embed > 0
    assert once.verify > 0
    assert (once.detect, once.shortlist) == (0.0, 0.0)
    assert twice.total >= twice.embed + twice.verify


def test_published_times_count_keypoints_as_verification() -> None:
    times = StageTimes(detect=1, embed=2, describe=3, shortlist=4, verify=5, total=20)
    public = {"detect": 1, "embed": 2, "shortlist": 4, "verify": 8, "total": 20}
    assert times.public() == public


def test_log_odds_are_those_of_the_probability() -> None:
    assert log_odds(0.5) == 0.0
    assert log_odds(0.9) == pytest.approx(log(9.0))
    assert log_odds(0.1) == pytest.approx(-log(9.0))


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_certainty_has_finite_log_odds(probability: float) -> None:
    assert abs(log_odds(probability)) == pytest.approx(13.8, abs=0.1)
