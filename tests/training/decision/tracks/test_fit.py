from itertools import pairwise

import numpy as np
import pytest

from matcher.results import TrackCalibration
from matcher.tracking.voting import Standing, VoteSettings
from training.decision.tracks.fit import fit_tracks, held_out_rates, rates_of
from training.decision.tracks.observe import THRESHOLDS, UnknownAnswers
from training.errors import TrainingError


def answers(shift: float, stretch: float = 1.0, likelihood: float = 0.9) -> list[UnknownAnswers]:
    """Unknowns whose clips' surest looks are those of photos, stretched and then shifted."""
    rng = np.random.default_rng(0)
    photos = rng.normal(1.0, 2.0, 400)
    return [
        UnknownAnswers(
            f"thing-{number % 10}",
            float(photo),
            dict.fromkeys(
                THRESHOLDS, (Standing("tea", likelihood, float(stretch * photo + shift)),)
            ),
        )
        for number, photo in enumerate(photos)
    ]


def test_clips_that_are_as_sure_as_photos_are_believed_as_they_are() -> None:
    fitted = fit_tracks(answers(0.0))
    assert fitted.scale == pytest.approx(1.0, abs=0.05)
    assert fitted.offset == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("shift", "stretch"), [(1.0, 1.0), (-0.8, 1.0), (0.5, 1.4)])
def test_clips_are_called_identical_as_often_as_photos(shift: float, stretch: float) -> None:
    several = answers(shift, stretch)
    fitted = fit_tracks(several)
    for rates in rates_of(several, fitted, VoteSettings()):
        assert rates.clips == pytest.approx(rates.photos, abs=0.03)


def test_what_the_votes_find_unlikely_is_not_called_identical() -> None:
    doubted = answers(3.0, likelihood=0.1)
    assert all(not rates.clips for rates in rates_of(doubted, TrackCalibration(), VoteSettings()))


def test_a_calibration_is_measured_on_groups_that_it_was_not_fitted_to() -> None:
    rates = held_out_rates(answers(1.0))
    assert all(first.threshold < then.threshold for first, then in pairwise(rates))
    assert all(abs(rate.clips - rate.photos) < 0.05 for rate in rates)
    assert 1 > rates[0].photos > rates[-1].photos > 0


def test_nothing_is_fitted_to_nothing() -> None:
    with pytest.raises(TrainingError, match="there is none"):
        fit_tracks([])
    with pytest.raises(TrainingError, match="two sorts"):
        held_out_rates(answers(0.0)[:1])
