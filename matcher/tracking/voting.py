"""Several looks at one thing, counted together: log odds per product against "none of them"."""

from dataclasses import dataclass, field
from math import exp, log
from typing import Final

from matcher.results import Match, Verdict

LEAST_SHARE: Final = 0.02  # of probability: no single look decides by more than 1 : 49
SURE: Final = 6.0  # log odds beyond which further looks add nothing, so that a swap is noticed
ABSENCE: Final = 0.35  # weight of a look that found nothing: blur hides a product, it invents none
DOUBTED: Final = -1.0  # log odds below which such looks push no product
REPEATED: Final = 0.3  # weight of a look right after another one, which mostly repeats it
ENOUGH: Final = 30  # inliers from which a look counts in full
WEAKEST: Final = 0.3  # weight of a look with hardly any
FRESH_SECONDS: Final = 1.0  # after which a look counts (nearly) in full again


@dataclass(frozen=True, slots=True)
class TrackCalibration:
    """Turns a track's log odds into a probability (Platt scaling); by default they are believed.

    Attributes:
        scale: below 1 for a vote that is too sure of itself.
        offset: log odds added before.
    """

    scale: float = 1.0
    offset: float = 0.0

    def probability(self, log_odds: float) -> float:
        """In (0, 1)."""
        return 1.0 / (1.0 + exp(-(self.scale * log_odds + self.offset)))


@dataclass(frozen=True, slots=True)
class VoteResult:
    """What is said of an appearance.

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
        """The product, if it is identical; what `confirmed` and `revised` are about."""
        return self.product_id if self.verdict is Verdict.IDENTICAL else None


NO_RESULT: Final = VoteResult(None, Verdict.UNKNOWN, 0.0)


@dataclass(frozen=True, slots=True)
class VoteSettings:
    """When a vote is an answer.

    Attributes:
        identical_at: probability that one agreeing look, or more, must reach.
        alone_at: likewise, while only one look said `identical`.
        similar_at: probability from which a product is worth naming as similar.
        kept_until: an answer that was given stands until its probability falls below this.
    """

    identical_at: float = 0.9
    alone_at: float = 0.97
    similar_at: float = 0.3
    kept_until: float = 0.5


@dataclass(slots=True, eq=False)
class Votes:
    """The votes of one appearance.

    Attributes:
        log_odds: per product that was ever a candidate, against "none of them".
        identical: how many looks said that the product is identical.
        similar: likewise, similar.
        looks: how many there were.
        last_s: media seconds of the last one.
    """

    log_odds: dict[str, float] = field(default_factory=dict)
    identical: dict[str, int] = field(default_factory=dict)
    similar: dict[str, int] = field(default_factory=dict)
    looks: int = 0
    last_s: float = 0.0

    def cast(self, match: Match, time: float) -> None:
        """Count one look, at a media time in seconds."""
        shares = _shares(match)
        nothing = max(1.0 - sum(shares.values()), LEAST_SHARE)
        weight = self._weight(match, time)
        for product in sorted({*shares, *self.log_odds}):
            evidence = log(max(shares.get(product, 0.0), LEAST_SHARE) / nothing)
            before = self.log_odds.get(product, 0.0)
            after = before + weight * evidence
            if match.verdict is Verdict.UNKNOWN:
                after = max(after, min(before, DOUBTED))
            self.log_odds[product] = after
        self._bound()
        if match.product_id is not None:
            said = {Verdict.IDENTICAL: self.identical, Verdict.SIMILAR: self.similar}
            counts = said.get(match.verdict, {})
            counts[match.product_id] = counts.get(match.product_id, 0) + 1
        self.looks += 1
        self.last_s = time

    def add(self, other: "Votes") -> None:
        """Take over the votes of another track of the same appearance."""
        for product, odds in other.log_odds.items():
            self.log_odds[product] = self.log_odds.get(product, 0.0) + odds
        self._bound()
        for mine, theirs in ((self.identical, other.identical), (self.similar, other.similar)):
            for product, count in theirs.items():
                mine[product] = mine.get(product, 0) + count
        self.looks += other.looks
        self.last_s = max(self.last_s, other.last_s)

    def forget(self, product_id: str) -> None:
        """Strike out a product that left the catalog."""
        for votes in (self.log_odds, self.identical, self.similar):
            votes.pop(product_id, None)

    def answer(
        self, settings: VoteSettings, calibration: TrackCalibration, given: str | None
    ) -> VoteResult:
        """What the votes say; `given` is the name that was given before, if any."""
        probabilities = {each: self._probability(each, calibration) for each in self.log_odds}
        if given in probabilities and given is not None:
            rival = max((p for each, p in probabilities.items() if each != given), default=0.0)
            if probabilities[given] >= max(settings.kept_until, rival):
                return VoteResult(given, Verdict.IDENTICAL, probabilities[given])
        if not probabilities:
            return NO_RESULT
        best = max(sorted(probabilities), key=lambda each: probabilities[each])
        probability, agreeing = probabilities[best], self.identical.get(best, 0)
        needed = settings.identical_at if agreeing > 1 else settings.alone_at
        if agreeing and probability >= needed:
            return VoteResult(best, Verdict.IDENTICAL, probability)
        if (agreeing or self.similar.get(best, 0)) and probability >= settings.similar_at:
            return VoteResult(best, Verdict.SIMILAR, probability)
        return VoteResult(None, Verdict.UNKNOWN, probability)

    def _bound(self) -> None:
        """Keep doubt possible; all together, so that the odds between two twins stay."""
        excess = max([0.0, *(odds - SURE for odds in self.log_odds.values())])
        self.log_odds = {each: max(v - excess, -SURE) for each, v in self.log_odds.items()}

    def _probability(self, product: str, calibration: TrackCalibration) -> float:
        others = 1.0 + sum(exp(v) for each, v in self.log_odds.items() if each != product)
        return calibration.probability(self.log_odds[product] - log(others))

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
    shares = {each.product_id: each.probability for each in match.candidates if each.probability}
    if match.product_id is not None:
        shares[match.product_id] = match.probability
    total = sum(shares.values())
    ceiling = 1.0 - LEAST_SHARE
    return {each: p * min(1.0, ceiling / total) for each, p in shares.items()} if total else {}
