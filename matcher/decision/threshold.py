"""From which probability on to say `identical`, so that unknowns are named as rarely as asked.

Unknowns are of two sorts, whose shares are stated and not measured: things like those of the
catalog, which its near-twins stand for, and whatever else comes before a camera. The rate is the
mean of both by these shares. It is estimated with one more unknown of each sort that would have
been named (the rule of succession of conformal prediction, Vovk et al., 2005), so that few samples
promise little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.decision.evaluation import (
    CATALOG_LIKE_KINDS,
    KNOWN_KINDS,
    Outcome,
    SampleKind,
)
from matcher.decision.fit import fit_platt
from matcher.results import log_odds

# One unknown in three is something of the catalog's own sort, where photos of others are given.
ALIKE_SHARE: Final = 1 / 3
HIGHEST: Final = 0.9999  # threshold; more is a promise that no number of samples can keep
LOWEST: Final = 0.5  # threshold; `identical` is at least likelier than not
_NORMAL_95: Final = 1.96  # standard deviations on either side that hold 95 %
_JUST_ABOVE: Final = 1e-3  # log-odds by which a threshold lies above an answer
_FEWEST_PHOTOS: Final = 40  # of known and of unknown things, to fit a slope to
_FEWEST_OF_EACH: Final = 10  # right and wrong answers, to fit a slope to
_PHOTOS: Final = (SampleKind.KNOWN, SampleKind.UNKNOWN, SampleKind.LEFT_OUT)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AnswerScale:
    """How an answer's log-odds become a probability, and from where on it is `identical`.

    Attributes:
        threshold: in (0, 1), probability from which an answer is `identical`.
        slope: of the log-odds.
        offset: added to the log-odds.
    """

    threshold: float
    slope: float
    offset: float

    def accepts(self, odds: Floats) -> NDArray[np.bool_]:
        """Return which of (N,) answers are `identical`, by their log-odds before the scale."""
        limit = np.log(self.threshold / (1 - self.threshold))
        return np.asarray(self.slope * odds + self.offset >= limit, np.bool_)

    def probability(self, odds: float) -> float:
        """Return the probability of an answer, by its log-odds before the scale."""
        return float(1 / (1 + np.exp(-(self.slope * odds + self.offset))))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson, 1927).

    Attributes:
        value: in [0, 1].
        low: in [0, 1], of the interval.
        high: in [0, 1], of the interval.
        samples: how many answers it is a share of.
    """

    value: float
    low: float
    high: float
    samples: int


@dataclass(frozen=True, slots=True)
class ThresholdFigures:
    """The rates that a scale leads to.

    Attributes:
        scale: of answers.
        false_accept: share of unknowns called `identical`; None without unknowns.
        by_kind: share of each kind of unknown called `identical`.
        named: share of known products that are still named right; None without any.
        misnamed: share of known products that are named as another one; None without any.
    """

    scale: AnswerScale
    false_accept: Rate | None
    by_kind: Mapping[SampleKind, Rate]
    named: Rate | None
    misnamed: Rate | None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold that was chosen, beside the present one.

    Attributes:
        before: as it is decided now.
        after: as chosen.
        is_fitted: whether slope and offset were fitted to the answers.
        notes: sentences on what the answers were too few for.
    """

    before: ThresholdFigures
    after: ThresholdFigures
    is_fitted: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """The rate of false accepts that is asked for.

    Attributes:
        rate: in (0, 1), the share of unknowns that may be called `identical`.
        unknown_share: in (0, 1), how many of all things in view are unknown.
    """

    rate: float
    unknown_share: float


def choose_threshold(
    outcomes: Sequence[Outcome], target: Target, shipped: AnswerScale, present: AnswerScale
) -> Threshold:
    """Return the lowest threshold that keeps a rate, with an honest slope where photos tell one.

    Where the unknowns are too few to promise the rate, the threshold is what is shipped, or
    higher if they show already that it has to be.

    Args:
        outcomes: of samples whose truth is known.
        target: the rate to keep.
        shipped: scale of a catalog without a calibration.
        present: scale of this catalog now.

    Raises:
        ValueError: there is no unknown among them.
    """
    unknown = _Unknown(outcomes)
    if not unknown.sorts:
        raise ValueError("a rate of false accepts needs unknowns")
    rate = target.rate
    fitted = _fit_scale(outcomes, target.unknown_share)
    slope, offset = fitted or (shipped.slope, shipped.offset)
    notes = list(unknown.notes())
    best = unknown.careful_rate(np.inf)
    # What is shipped, in odds before any scale: fitting a slope does not move what is accepted.
    usual = (log_odds(shipped.threshold) - shipped.offset) / shipped.slope
    if best > rate:
        odds = max(usual, unknown.odds_for(rate, careful=False))
        count = "" if unknown.groups == unknown.samples else f", which count as {unknown.groups},"
        notes.append(
            f"{unknown.samples} unknowns{count} can promise a rate of {best:.1%} at best, not of "
            f"{rate:.1%}: the threshold is as shipped, or higher where they ask for it; give more "
            "photos of unknowns, or ask for less"
        )
    elif unknown.has_photos:
        odds = max(unknown.odds_for(rate, careful=True), (log_odds(LOWEST) - offset) / slope)
    else:
        odds = max(usual, unknown.odds_for(rate, careful=True))
    bare = AnswerScale(0.5, slope, offset)
    threshold = min(max(bare.probability(odds), LOWEST), HIGHEST)
    after = measure_scale(outcomes, AnswerScale(threshold, slope, offset))
    if after.false_accept is not None and after.false_accept.value > rate:
        notes.append(
            f"also at {HIGHEST} more unknowns than asked are called identical; "
            "look at the pictures of the products that they are taken for"
        )
    return Threshold(measure_scale(outcomes, present), after, fitted is not None, tuple(notes))


def measure_scale(outcomes: Sequence[Outcome], scale: AnswerScale) -> ThresholdFigures:
    """Return the rates that a scale leads to."""
    unknown = _Unknown(outcomes)
    known = [outcome for outcome in outcomes if outcome.kind in KNOWN_KINDS]
    accepted = scale.accepts(_odds(known))
    right = np.array([outcome.is_right for outcome in known], np.bool_)
    named, misnamed = (
        wilson_interval(float((accepted & hits).sum()), len(known), len(known)) if known else None
        for hits in (right, ~right)
    )
    false_accept = unknown.rate(scale) if unknown.sorts else None
    return ThresholdFigures(scale, false_accept, unknown.by_kind(scale), named, misnamed)


def wilson_interval(hits: float, weight: float, samples: int) -> Rate:
    """Return a share with its 95 % interval (Wilson, 1927).

    Args:
        hits: out of `weight`.
        weight: how many independent answers it counts as; above 0.
        samples: how many there were.
    """
    share = hits / weight
    shrink = 1 + _NORMAL_95**2 / weight
    middle = (share + _NORMAL_95**2 / (2 * weight)) / shrink
    spread = share * (1 - share) / weight + (_NORMAL_95 / (2 * weight)) ** 2
    reach = _NORMAL_95 * float(np.sqrt(spread)) / shrink
    return Rate(share, max(middle - reach, 0.0), min(middle + reach, 1.0), samples)


class _Unknown:
    """The answers to unknowns, by sort, each with its share."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes = [outcome for outcome in outcomes if outcome.kind not in KNOWN_KINDS]
        kinds = {outcome.kind for outcome in self._outcomes}
        self.has_photos = SampleKind.UNKNOWN in kinds
        alike = [outcome for outcome in self._outcomes if outcome.kind in CATALOG_LIKE_KINDS]
        others = [outcome for outcome in self._outcomes if outcome.kind not in CATALOG_LIKE_KINDS]
        if self.has_photos and alike:
            self.sorts = [(ALIKE_SHARE, alike), (1 - ALIKE_SHARE, others)]
        else:
            self.sorts = [(1.0, self._outcomes)] if self._outcomes else []

    @property
    def samples(self) -> int:
        """Number of answers."""
        return len(self._outcomes)

    @property
    def groups(self) -> int:
        """Number of groups; the answers of a group stand or fall together."""
        return _groups(self._outcomes)

    def notes(self) -> list[str]:
        """Return sentences on what is missing."""
        if self.has_photos:
            return []
        return [
            "there is no photo of anything unknown: products of the catalog, each asked as if the "
            "catalog lacked it, stand for all unknowns, and the threshold is not lowered by them"
        ]

    def rate(self, scale: AnswerScale) -> Rate:
        """Return the share that is accepted, by the shares of the sorts."""
        value = sum(share * float(scale.accepts(_odds(few)).mean()) for share, few in self.sorts)
        weight = 1 / sum(share**2 / _groups(few) for share, few in self.sorts)
        return wilson_interval(value * weight, weight, self.samples)

    def by_kind(self, scale: AnswerScale) -> dict[SampleKind, Rate]:
        """Return the share that is accepted, by kind."""
        rates = {}
        for kind in SampleKind:
            few = [outcome for outcome in self._outcomes if outcome.kind is kind]
            if few:
                weight = _groups(few)
                share = float(scale.accepts(_odds(few)).mean())
                rates[kind] = wilson_interval(share * weight, weight, len(few))
        return rates

    def careful_rate(self, odds: float) -> float:
        """Return the share at or above these odds, were one more group of each sort accepted."""
        return sum(
            share * float((_odds(few) >= odds).sum() + size) / (len(few) + size)
            for share, few in self.sorts
            for size in [len(few) / _groups(few)]
        )

    def odds_for(self, rate: float, *, careful: bool) -> float:
        """Return the lowest odds, just above an answer's, from which the rate is kept."""

        def share(odds: float) -> float:
            if careful:
                return self.careful_rate(odds)
            return sum(part * float((_odds(few) >= odds).mean()) for part, few in self.sorts)

        steps = np.unique(_odds(self._outcomes)) + _JUST_ABOVE
        low, high = 0, len(steps) - 1
        while low < high:  # the share falls with the odds
            middle = (low + high) // 2
            low, high = (low, middle) if share(steps[middle]) <= rate else (middle + 1, high)
        return float(steps[low])


def _fit_scale(outcomes: Sequence[Outcome], unknown_share: float) -> tuple[float, float] | None:
    """Slope and offset by photos of known and of unknown things; None where they are too few.

    Feedback is left out: people are asked about what was named.
    """
    few = {kind: [outcome for outcome in outcomes if outcome.kind is kind] for kind in _PHOTOS}
    photos = [outcome for several in few.values() for outcome in several]
    right = np.array([outcome.is_right for outcome in photos], np.bool_)
    enough = min(len(few[SampleKind.KNOWN]), len(few[SampleKind.UNKNOWN])) >= _FEWEST_PHOTOS
    if not enough or min(right.sum(), (~right).sum()) < _FEWEST_OF_EACH:
        return None
    alike = ALIKE_SHARE if few[SampleKind.LEFT_OUT] else 0.0
    shares = {
        SampleKind.KNOWN: 1 - unknown_share,
        SampleKind.UNKNOWN: unknown_share * (1 - alike),
        SampleKind.LEFT_OUT: unknown_share * alike,
    }
    total = len(few[SampleKind.KNOWN]) + len(few[SampleKind.UNKNOWN])
    weights = np.array([total * shares[photo.kind] / len(few[photo.kind]) for photo in photos])
    return fit_platt(_odds(photos), right, weights)


def _odds(outcomes: Sequence[Outcome]) -> Floats:
    return np.array([outcome.log_odds for outcome in outcomes], np.float64)


def _groups(outcomes: Sequence[Outcome]) -> int:
    return len({outcome.group or str(number) for number, outcome in enumerate(outcomes)})
