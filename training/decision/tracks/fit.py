"""Fits how sure a track is: so that one threshold rules photos and tracks.

A clip gives several chances to be wrong. Scale and offset of its surest look's log-odds are chosen
so that, at every threshold, as many clips of unknowns are called identical as photos of the same
unknowns (equipercentile equating: Kolen and Brennan, Test Equating, 1995): then a rate that was
asked for of photos holds for tracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.results import TrackCalibration, log_odds
from matcher.tracking.voting import VoteSettings
from training.decision.tracks.observe import THRESHOLDS, UnknownAnswers
from training.errors import TrainingError

_SCALES: Final = tuple(float(scale) for scale in np.geomspace(0.3, 3.0, 31))
_OFFSETS: Final = tuple(float(offset) for offset in np.arange(-4.0, 4.01, 0.1))
# Unknowns that hold offset and the logarithm of scale where they are: few prove little. They stand
# for half a unit of log-odds and a quarter of scale that a track may be off, before it is measured.
_OFFSET_CAUTION: Final = 0.5
_SCALE_CAUTION: Final = 2.0
# Thresholds at which rates are compared; answers are those of the nearest that they were given at.
_COMPARED: Final = (0.5, 0.6, 0.7, 0.8, 0.87, 0.91, 0.95, 0.98, 0.99)
_LEAST_VARIANCE: Final = 0.02  # of a rate; none is known so well as to rule alone


Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TrackRates:
    """Shares of unknowns called `identical` from one threshold on, still and filmed."""

    threshold: float
    photos: float
    clips: float


def fit_tracks(
    answers: Sequence[UnknownAnswers], settings: VoteSettings | None = None
) -> TrackCalibration:
    """Return the calibration by which clips are called identical as often as photos.

    Raises:
        TrainingError: there is no answer.
    """
    if not answers:
        raise TrainingError("tracks are calibrated on photos of unknowns, and there is none")
    votes = settings or VoteSettings()

    parts = [_still_and_filmed(answers, threshold, votes) for threshold in _COMPARED]

    def loss(scale: float, offset: float) -> float:
        rates = [part.rates(TrackCalibration(scale, offset)) for part in parts]
        apart = sum(
            (rate.clips - rate.photos) ** 2 / (rate.photos * (1 - rate.photos) + _LEAST_VARIANCE)
            for rate in rates
        )
        held = _SCALE_CAUTION * log(scale) ** 2 + _OFFSET_CAUTION * offset**2
        return apart / len(rates) + held / len(answers)

    return TrackCalibration(*min(product(_SCALES, _OFFSETS), key=lambda pair: loss(*pair)))


def rates_of(
    answers: Sequence[UnknownAnswers], calibration: TrackCalibration, settings: VoteSettings
) -> list[TrackRates]:
    """Return how often photos and clips of unknowns are called identical at each threshold."""
    return [
        _still_and_filmed(answers, threshold, settings).rates(calibration)
        for threshold in _COMPARED
    ]


def held_out_rates(
    answers: Sequence[UnknownAnswers], settings: VoteSettings | None = None
) -> list[TrackRates]:
    """Return the rates of each half of the groups by what was fitted to the other half."""
    votes = settings or VoteSettings()
    groups = sorted({answer.group for answer in answers})
    halves = [
        [answer for answer in answers if answer.group in groups[start::2]] for start in (0, 1)
    ]
    if not all(halves):
        raise TrainingError("to measure what was fitted takes unknowns of two sorts at least")
    parts = [
        rates_of(half, fit_tracks(other, votes), votes) for half, other in (halves, halves[::-1])
    ]
    sizes = [len(half) for half in halves]
    return [
        TrackRates(
            first.threshold,
            float(np.average([first.photos, second.photos], weights=sizes)),
            float(np.average([first.clips, second.clips], weights=sizes)),
        )
        for first, second in zip(*parts, strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _StillAndFilmed:
    """How sure (N,) photos and the clips of them are, as log-odds."""

    threshold: float
    photos: Floats
    clips: Floats

    def rates(self, calibration: TrackCalibration) -> TrackRates:
        least = log_odds(self.threshold)
        clips = calibration.scale * self.clips + calibration.offset >= least
        photos = self.photos >= least
        return TrackRates(self.threshold, float(photos.mean()), float(clips.mean()))


def _still_and_filmed(
    answers: Sequence[UnknownAnswers], threshold: float, settings: VoteSettings
) -> _StillAndFilmed:
    """Return the answers at a threshold; what the votes find unlikely is never identical."""
    nearest = min(THRESHOLDS, key=lambda given: abs(log_odds(given) - log_odds(threshold)))
    clips = [
        max(
            (
                standing.surest
                for standing in answer.clip[nearest]
                if standing.likelihood >= settings.similar_at
            ),
            default=-np.inf,
        )
        for answer in answers
    ]
    photos = [answer.photo for answer in answers]
    return _StillAndFilmed(threshold, np.array(photos), np.array(clips))
