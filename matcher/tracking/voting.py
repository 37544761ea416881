"""Several verifications of one thing, counted together: log-odds per product against "none"."""

from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from matcher.recorded import RECORDED_IF_SET
from matcher.results import Match, Verdict

LEAST_SHARE: Final = 0.02  # of probability: no single vote decides by more than 1 : 49
SURE: Final = 6.0  # log-odds beyond which further votes add nothing, so that a swap is noticed
ABSENCE: Final = 0.35  # weight of a vote that found nothing: blur hides a product, it invents none
DOUBTED: Final = -1.0  # log-odds below which such votes push no product
REPEATED: Final = 0.3  # weight of a vote right after another one, which mostly repeats it
ENOUGH: Final = 30  # inliers from which a vote counts in full
WEAKEST: Final = 0.3  # weight of a vote with hardly any inliers
FRESH_SECONDS: Final = 1.0  # after which a vote counts (nearly) in full again


@dataclass(frozen=True, slots=True)
class TrackCalibration:
    """Platt scaling of a track's log-odds; by default they are believed as they are.

    Attributes:
        scale: below 1 for a vote that is too sure of itself.
        offset: log-odds added before.
    """

    scale: float = 1.0
    offset: float = 0.0

    def probability(self, log_odds: float) -> float:
        """Return the probability, in (0, 1)."""
        return 1.0 / (1.0 + exp(-(self.scale * log_odds + self.offset)))


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

    The catalog's threshold for photos rules tracks, too. A track has many looks, and the one that
    errs most may be the first to say `identical`: while no other agrees, more is needed, as many
    times the odds as `alone_at` has of `identical_at`.

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

    def needed(self, threshold: float | None, agreeing: int) -> float:
        """Return the probability from which so many agreeing votes say `identical`."""
        usual = self.identical_at if threshold is None else threshold
        if agreeing > 1:
            return usual
        times = _odds(self.alone_at) / _odds(self.identical_at)
        return times * _odds(usual) / (1 + times * _odds(usual))


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
    """

    log_odds: dict[str, float] = field(default_factory=dict)
    identical: dict[str, int] = field(default_factory=dict)
    similar: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    last_s: float = 0.0
    threshold: float | None = field(default=None, metadata=RECORDED_IF_SET)

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
            self.threshold = match.threshold

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
        self.threshold = other.threshold if self.threshold is None else self.threshold

    def forget(self, product_id: str) -> None:
        """Strike out a product that left the catalog."""
        for votes in (self.log_odds, self.identical, self.similar):
            votes.pop(product_id, None)

    def result(
        self, settings: VoteSettings, calibration: TrackCalibration, reported: str | None
    ) -> VoteResult:
        """Return what the votes say; a name that was reported before is given up reluctantly."""
        probabilities = {
            product_id: self._probability(product_id, calibration) for product_id in self.log_odds
        }
        if reported in probabilities and reported is not None:
            rivals = (p for product_id, p in probabilities.items() if product_id != reported)
            kept = probabilities[reported]
            if kept >= max(settings.kept_until, max(rivals, default=0.0)):
                return VoteResult(reported, Verdict.IDENTICAL, kept)
        if not probabilities:
            return NO_RESULT
        best = max(sorted(probabilities), key=probabilities.__getitem__)
        probability, agreeing = probabilities[best], self.identical.get(best, 0)
        if agreeing and probability >= settings.needed(self.threshold, agreeing):
            return VoteResult(best, Verdict.IDENTICAL, probability)
        if (agreeing or self.similar.get(best, 0)) and probability >= settings.similar_at:
            return VoteResult(best, Verdict.SIMILAR, probability)
        return VoteResult(None, Verdict.UNKNOWN, probability)

    def _bound(self) -> None:
        """Keep doubt possible; all together, so that the odds between two twins stay."""
        excess = max([0.0, *(odds - SURE for odds in self.log_odds.values())])
        self.log_odds = {key: max(odds - excess, -SURE) for key, odds in self.log_odds.items()}

    def _probability(self, product_id: str, calibration: TrackCalibration) -> float:
        others = 1.0 + sum(exp(odds) for key, odds in self.log_odds.items() if key != product_id)
        return calibration.probability(self.log_odds[product_id] - log(others))

    def _weight(self, match: Match, time: float) -> float:
        if match.verdict is Verdict.UNKNOWN:
            return ABSENCE
        proof = match.verification
        strength = 1.0 if proof is None else min(max(proof.inliers / ENOUGH, WEAKEST), 1.0)
        if not self.looks:
            return strength
        fresh = 1.0 - (1.0 - REPEATED) * exp(-(time - self.last_s) / FRESH_SECONDS)
        return strength * fresh


def _odds(probability: float) -> float:
    return probability / (1.0 - probability)


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
