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
    log_odds,
)
from matcher.decision.fit import fit_platt

# One unknown in three is something of the catalog's own sort, where photos of others are given.
ALIKE_SHARE: Final = 1 / 3
HIGHEST: Final = 0.9999
LOWEST: Final = 0.5
_NORMAL_95: Final = 1.96
_JUST_ABOVE: Final = 1e-3
# Below this there is nothing to fit a slope to.
_FEWEST_PHOTOS: Final = 40
_FEWEST_OF_EACH: Final = 10
_PHOTOS: Final = (SampleKind.KNOWN, SampleKind.UNKNOWN, SampleKind.LEFT_OUT)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AnswerScale:
    """How an answer's log-odds become a probability, and from which on it is `identical`."""

    threshold: float
    slope: float
    offset: float

    def accepts(self, odds: Floats) -> NDArray[np.bool_]:
        """Which of the answers are called `identical`, by their log-odds before the scale."""
        limit = np.log(self.threshold / (1 - self.threshold))
        return np.asarray(self.slope * odds + self.offset >= limit, np.bool_)

    def probability(self, odds: float) -> float:
        """Of an answer."""
        return float(1 / (1 + np.exp(-(self.slope * odds + self.offset))))


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its 95 % interval (Wilson, 1927).

    Attributes:
        value: in [0, 1].
        low: likewise.
        high: likewise.
        samples: how many answers it is a share of.
    """

    value: float
    low: float
    high: float
    samples: int


@dataclass(frozen=True, slots=True)
class ThresholdFigures:
    """What a scale does to answers.

    Attributes:
        scale: it.
        false_accept: share of unknowns called `identical`; None without unknowns.
        by_kind: likewise, of each kind of unknown.
        named: share of known products that are still named right; None without any.
        misnamed: likewise, named as another one.
    """

    scale: AnswerScale
    false_accept: Rate | None
    by_kind: Mapping[SampleKind, Rate]
    named: Rate | None
    misnamed: Rate | None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A scale that was chosen, beside what would hold without.

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
    """What is asked for.

    Attributes:
        rate: in (0, 1), the share of unknowns that may be called `identical`.
        unknown_share: in (0, 1), how many of all things in view are unknown.
    """

    rate: float
    unknown_share: float


def choose_threshold(
    replies: Sequence[Outcome], wish: Target, shipped: AnswerScale, present: AnswerScale
) -> Threshold:
    """The lowest threshold that keeps the rate, and an honest slope where photos tell one.

    Where the unknowns are too few to promise the rate, the threshold is what is shipped, or
    higher if they show already that it has to be.

    Args:
        replies: to questions whose answers are known.
        wish: what is asked for.
        shipped: what holds for a catalog without a calibration.
        present: what holds for this one now.

    Raises:
        ValueError: there is no unknown among them.
    """
    unknown = _Unknown(replies)
    if not unknown.sorts:
        raise ValueError("a rate of false accepts needs unknowns")
    rate = wish.rate
    fitted = _fitted(replies, wish.unknown_share)
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
    after = measure_scale(replies, AnswerScale(threshold, slope, offset))
    if after.false_accept is not None and after.false_accept.value > rate:
        notes.append(
            f"also at {HIGHEST} more unknowns than asked are called identical; "
            "look at the pictures of the products that they are taken for"
        )
    return Threshold(measure_scale(replies, present), after, fitted is not None, tuple(notes))


def measure_scale(replies: Sequence[Outcome], scale: AnswerScale) -> ThresholdFigures:
    """What a scale does to answers."""
    unknown = _Unknown(replies)
    known = [one for one in replies if one.kind in KNOWN_KINDS]
    accepted = scale.accepts(_odds(known))
    right = np.array([one.is_right for one in known], np.bool_)
    return ThresholdFigures(
        scale,
        unknown.rate(scale) if unknown.sorts else None,
        unknown.by_kind(scale),
        wilson_interval(float((accepted & right).sum()), len(known), len(known)) if known else None,
        wilson_interval(float((accepted & ~right).sum()), len(known), len(known))
        if known
        else None,
    )


def wilson_interval(hits: float, weight: float, samples: int) -> Rate:
    """A share with its interval.

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

    def __init__(self, replies: Sequence[Outcome]) -> None:
        self._replies = [one for one in replies if one.kind not in KNOWN_KINDS]
        self.has_photos = any(one.kind is SampleKind.UNKNOWN for one in self._replies)
        alike = [one for one in self._replies if one.kind in CATALOG_LIKE_KINDS]
        others = [one for one in self._replies if one.kind not in CATALOG_LIKE_KINDS]
        if self.has_photos and alike:
            self.sorts = [(ALIKE_SHARE, alike), (1 - ALIKE_SHARE, others)]
        else:
            self.sorts = [(1.0, self._replies)] if self._replies else []

    @property
    def samples(self) -> int:
        """How many answers."""
        return len(self._replies)

    @property
    def groups(self) -> int:
        """How many that do not stand or fall together."""
        return _groups(self._replies)

    def notes(self) -> list[str]:
        """What is missing."""
        if self.has_photos:
            return []
        return [
            "there is no photo of anything unknown: products of the catalog, each asked as if the "
            "catalog lacked it, stand for all unknowns, and the threshold is not lowered by them"
        ]

    def rate(self, scale: AnswerScale) -> Rate:
        """Share that is accepted, by the shares of the sorts."""
        value = sum(share * float(scale.accepts(_odds(few)).mean()) for share, few in self.sorts)
        weight = 1 / sum(share**2 / _groups(few) for share, few in self.sorts)
        return wilson_interval(value * weight, weight, self.samples)

    def by_kind(self, scale: AnswerScale) -> dict[SampleKind, Rate]:
        """Likewise, kind by kind."""
        rates = {}
        for kind in SampleKind:
            few = [one for one in self._replies if one.kind is kind]
            if few:
                weight = _groups(few)
                share = float(scale.accepts(_odds(few)).mean())
                rates[kind] = wilson_interval(share * weight, weight, len(few))
        return rates

    def careful_rate(self, odds: float) -> float:
        """Share at or above these odds, were one more group of each sort accepted."""
        return sum(
            share * float((_odds(few) >= odds).sum() + size) / (len(few) + size)
            for share, few in self.sorts
            for size in [len(few) / _groups(few)]
        )

    def odds_for(self, rate: float, *, careful: bool) -> float:
        """The lowest odds, just above an answer's, from which the rate is kept."""

        def share(odds: float) -> float:
            if careful:
                return self.careful_rate(odds)
            return sum(part * float((_odds(few) >= odds).mean()) for part, few in self.sorts)

        steps = np.unique(_odds(self._replies)) + _JUST_ABOVE
        low, high = 0, len(steps) - 1
        while low < high:  # the share falls with the odds
            middle = (low + high) // 2
            low, high = (low, middle) if share(steps[middle]) <= rate else (middle + 1, high)
        return float(steps[low])


def _fitted(replies: Sequence[Outcome], unknown_share: float) -> tuple[float, float] | None:
    """Slope and offset by photos of known and of unknown things; None where they are too few.

    What people said of answers is left out: they are asked about what was named.
    """
    few = {kind: [one for one in replies if one.kind is kind] for kind in _PHOTOS}
    photos = [one for several in few.values() for one in several]
    right = np.array([one.is_right for one in photos], np.bool_)
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
    weights = np.array([total * shares[one.kind] / len(few[one.kind]) for one in photos])
    return fit_platt(_odds(photos), right, weights)


def _odds(replies: Sequence[Outcome]) -> Floats:
    return np.array([one.log_odds for one in replies], np.float64)


def _groups(replies: Sequence[Outcome]) -> int:
    return len({one.group or str(number) for number, one in enumerate(replies)})
