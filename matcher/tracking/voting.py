"""Several verifications of one thing, counted together.

Log-odds per product against "none" add up, and say which product leads and whether a name stands.
They do not say how sure it is: looks at one thing err alike (a twin that the catalog lacks looks
the same in all of them), so that a sum of them grows as sure of a wrong name as of a right one. A
track is as sure as its surest look at the leader, calibrated on clips.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from matcher.recorded import RECORDED_IF_SET
from matcher.results import Match, TrackCalibration, Verdict, log_odds

LEAST_SHARE: Final = 0.02  # of probability: no single vote decides by more than 1 : 49
SURE: Final = 6.0  # log-odds beyond which further votes add nothing, so that a swap is noticed
ABSENCE: Final = 0.35  # weight of a vote that found nothing: blur hides a product, it invents none
DOUBTED: Final = -1.0  # log-odds below which such votes push no product
REPEATED: Final = 0.3  # weight of a vote right after another one, which mostly repeats it
ENOUGH: Final = 30  # inliers from which a vote counts in full
WEAKEST: Final = 0.3  # weight of a vote with hardly any inliers
UNCALIBRATED: Final = TrackCalibration()
FRESH_SECONDS: Final = 1.0  # after which a vote counts (nearly) in full again


@dataclass(frozen=True, slots=True)
class VoteResult:
    """The outcome of the votes on one appearance.

    Attributes:
        product_id: None when the verdict is `unknown`.
        verdict: the decision.
        probability: of `product_id`; of the likeliest product when the verdict is `unknown`.
    """

    product_id: str | None
    verdict: Verdict
    probability: float

    @property
    def name(self) -> str | None:
        """The product, if it is identical; `confirmed` and `revised` events are about it."""
        return self.product_id if self.verdict is Verdict.IDENTICAL else None


NO_RESULT: Final = VoteResult(None, Verdict.UNKNOWN, 0.0)


@dataclass(frozen=True, slots=True)
class VoteSettings:
    """When votes name a product; all values are probabilities.

    The catalog's threshold for photos rules tracks, too (`Votes.threshold`). Where no match tells
    one, `identical_at` and `alone_at` are compared with the sum of the votes.

    Attributes:
        identical_at: the threshold where no match tells the catalog's.
        alone_at: needed in its place while only one vote said so.
        similar_at: from which a product is worth naming as similar.
        kept_until: a name that was reported stands until its probability falls below this.
    """

    identical_at: float = 0.9
    alone_at: float = 0.97
    similar_at: float = 0.3
    kept_until: float = 0.5

    def needed(self, agreeing: int) -> float:
        """Return the probability from which so many agreeing votes say `identical`."""
        return self.identical_at if agreeing > 1 else self.alone_at


@dataclass(frozen=True, slots=True)
class Standing:
    """The leader of some votes.

    Attributes:
        product_id: the likeliest product.
        likelihood: probability of it by the sum of all votes, uncalibrated.
        surest: log-odds of the surest look at it; of the sum where no match told a threshold.
    """

    product_id: str
    likelihood: float
    surest: float


@dataclass(slots=True, eq=False)
class Votes:
    """The votes on one appearance.

    Attributes:
        log_odds: per product that was ever a candidate, against "none of them".
        identical: number of votes for each product as identical.
        similar: number of votes for each product as similar.
        looks: number of votes, which is that of verifications.
        last_s: media seconds of the last one.
        threshold: probability from which the catalog said `identical` last; None before that.
        track: calibration that came with it; None where the decision has none.
        surest: log-odds of the surest look at each product; None before a threshold was told.
    """

    log_odds: dict[str, float] = field(default_factory=dict)
    identical: dict[str, int] = field(default_factory=dict)
    similar: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    last_s: float = 0.0
    threshold: float | None = field(default=None, metadata=RECORDED_IF_SET)
    track: TrackCalibration | None = field(default=None, metadata=RECORDED_IF_SET)
    surest: dict[str, float] | None = field(default=None, metadata=RECORDED_IF_SET)

    def cast(self, match: Match, time: float) -> None:
        """Count one verification, at a media time in seconds."""
        shares = _shares(match)
        nothing = max(1.0 - sum(shares.values()), LEAST_SHARE)
        weight = self._weight(match, time)
        for product_id in sorted({*shares, *self.log_odds}):
            evidence = log(max(shares.get(product_id, 0.0), LEAST_SHARE) / nothing)
            before = self.log_odds.get(product_id, 0.0)
            after = before + weight * evidence
            if match.verdict is Verdict.UNKNOWN:
                after = max(after, min(before, DOUBTED))
            self.log_odds[product_id] = after
        self._bound()
        if match.product_id is not None:
            by_verdict = {Verdict.IDENTICAL: self.identical, Verdict.SIMILAR: self.similar}
            counts = by_verdict.get(match.verdict, {})
            counts[match.product_id] = counts.get(match.product_id, 0) + 1
        self.looks += 1
        self.last_s = time
        if match.threshold is not None:
            self.threshold, self.track = match.threshold, match.track
            if match.product_id is not None:
                self._surer({match.product_id: log_odds(match.probability)})

    def add(self, other: "Votes") -> None:
        """Take over the votes on another track of the same appearance."""
        for product_id, odds in other.log_odds.items():
            self.log_odds[product_id] = self.log_odds.get(product_id, 0.0) + odds
        self._bound()
        for mine, theirs in ((self.identical, other.identical), (self.similar, other.similar)):
            for product_id, count in theirs.items():
                mine[product_id] = mine.get(product_id, 0) + count
        self.looks += other.looks
        self.last_s = max(self.last_s, other.last_s)
        if self.threshold is None:
            self.threshold, self.track = other.threshold, other.track
        if other.surest is not None:
            self._surer(other.surest)

    def forget(self, product_id: str) -> None:
        """Strike out a product that left the catalog."""
        for votes in (self.log_odds, self.identical, self.similar, self.surest or {}):
            votes.pop(product_id, None)

    def result(
        self, settings: VoteSettings, calibration: TrackCalibration, reported: str | None
    ) -> VoteResult:
        """Return what the votes say; a name that was reported before is given up reluctantly.

        Args:
            settings: from when on they name a product.
            calibration: where no match brought one.
            reported: the name in the last event, if any.
        """
        if not self.log_odds:
            return NO_RESULT
        calibration = calibration if self.track is None else self.track
        sums = {product_id: self._likelihood(product_id) for product_id in self.log_odds}
        if reported in sums and reported is not None:
            rivals = (p for product_id, p in sums.items() if product_id != reported)
            if sums[reported] >= max(settings.kept_until, max(rivals, default=0.0)):
                probability = self._probability(reported, calibration)
                return VoteResult(reported, Verdict.IDENTICAL, probability)
        best = max(sorted(sums), key=sums.__getitem__)
        probability, agreeing = self._probability(best, calibration), self.identical.get(best, 0)
        is_likely = sums[best] >= settings.similar_at
        if self.threshold is None:
            is_identical = agreeing > 0 and probability >= settings.needed(agreeing)
        else:
            is_identical = is_likely and probability >= self.threshold
        if is_identical:
            return VoteResult(best, Verdict.IDENTICAL, probability)
        if is_likely and (agreeing or self.similar.get(best, 0)):
            return VoteResult(best, Verdict.SIMILAR, probability)
        return VoteResult(None, Verdict.UNKNOWN, min(probability, sums[best]))

    def standing(self) -> Standing | None:
        """Return the leader; None before there is any candidate."""
        if not self.log_odds:
            return None
        best = max(sorted(self.log_odds), key=self._likelihood)
        return Standing(best, self._likelihood(best), self._surest_of(best))

    def _bound(self) -> None:
        """Keep doubt possible; all together, so that the odds between two twins stay."""
        excess = max([0.0, *(odds - SURE for odds in self.log_odds.values())])
        self.log_odds = {key: max(odds - excess, -SURE) for key, odds in self.log_odds.items()}

    def _surer(self, looks: Mapping[str, float]) -> None:
        """Take note of the log-odds of looks."""
        known = {} if self.surest is None else self.surest
        self.surest = {
            **known,
            **{key: max(odds, known.get(key, odds)) for key, odds in looks.items()},
        }

    def _surest_of(self, product_id: str) -> float:
        if self.surest is None:
            return self._sum_of(product_id)
        return self.surest.get(product_id, -SURE)

    def _sum_of(self, product_id: str) -> float:
        """Log-odds of a product against "none" and all others."""
        others = 1.0 + sum(exp(odds) for key, odds in self.log_odds.items() if key != product_id)
        return self.log_odds[product_id] - log(others)

    def _likelihood(self, product_id: str) -> float:
        return UNCALIBRATED.probability(self._sum_of(product_id))

    def _probability(self, product_id: str, calibration: TrackCalibration) -> float:
        return calibration.probability(self._surest_of(product_id))

    def _weight(self, match: Match, time: float) -> float:
        if match.verdict is Verdict.UNKNOWN:
            return ABSENCE
        proof = match.verification
        strength = 1.0 if proof is None else min(max(proof.inliers / ENOUGH, WEAKEST), 1.0)
        if not self.looks:
            return strength
        fresh = 1.0 - (1.0 - REPEATED) * exp(-(time - self.last_s) / FRESH_SECONDS)
        return strength * fresh


def _shares(match: Match) -> dict[str, float]:
    """Probability per verified product, together below 1."""
    shares = {
        candidate.product_id: candidate.probability
        for candidate in match.candidates
        if candidate.probability
    }
    if match.product_id is not None:
        shares[match.product_id] = match.probability
    total = sum(shares.values())
    ceiling = 1.0 - LEAST_SHARE
    return {key: p * min(1.0, ceiling / total) for key, p in shares.items()} if total else {}
