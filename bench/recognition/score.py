"""The score of recognition (design.md, "Recognition data and score"), in pure numbers.

Per picture the detection with the highest probability answers; a picture without a named detection
answers "unknown". A named unknown is a false positive. Equal probabilities stand or fall together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from matcher.results import Way

SHORTLIST_SIZES: Final = (5, 10, 20)
RELIABILITY_BINS: Final = 15
PRECISION: Final = 0.99
BOOTSTRAP_DRAWS: Final = 1000
_ROUNDING: Final = 1e-9
_NORMAL_95: Final = 1.96


@dataclass(frozen=True, slots=True)
class ScoredDetection:
    """One detection as it was reported.

    Attributes:
        product_id: the best product, whatever the verdict; None when nothing was a candidate.
        probability: in [0, 1].
        identical: whether the verdict was `identical`.
        similarities: of the candidates, by product.
        listed: products that were verified, with the ways by which each would have been alone.
    """

    product_id: str | None
    probability: float
    identical: bool
    similarities: tuple[tuple[str, float], ...] = ()
    listed: tuple[tuple[str, tuple[Way, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one method for one picture.

    Attributes:
        truth: the product shown; None for a picture of nothing in the catalog.
        named: the product answered; None is the answer "unknown".
        probability: in [0, 1]; 0 when nothing was named.
        identical: whether the verdict of the answering detection was `identical`.
        shortlist_rank: of the truth among the candidates by similarity, from 1, the best over all
            detections; None when it was no candidate.
        ways: by which of the ways the truth was shortlisted, over all detections; None when it
            was not, or the method does not say.
        elapsed_ms: for the whole picture.
        groups: pictures of one group are also scored apart.
    """

    truth: str | None
    named: str | None
    probability: float
    identical: bool
    shortlist_rank: int | None
    elapsed_ms: float
    groups: tuple[str, ...] = ()
    ways: frozenset[Way] | None = None

    @property
    def is_right(self) -> bool:
        """Whether the product that was named is shown."""
        return self.named is not None and self.named == self.truth


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured figure with its bootstrap 95 % interval over pictures."""

    value: float
    low: float
    high: float

    @override
    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Pictures of similar probability.

    Attributes:
        pictures: how many.
        probability: their mean.
        right: the share of them whose answer is right.
    """

    pictures: int
    probability: float
    right: float


@dataclass(frozen=True, slots=True)
class Score:
    """Everything that is said of a method on a data set.

    Attributes:
        known: pictures of a product in the catalog.
        unknown: the others.
        top1: share of the known that are named right, whatever the verdict.
        recall_at_p99: the largest share of the known that are named right at a probability
            threshold where 99 % of all names are right.
        threshold: that threshold; None when there is none.
        shortlist_recall: by size, share of the known whose product is among that many candidates
            of one detection, ordered by similarity; None when the method reports no candidates.
        shortlisted: share of the known whose product was verified; None where nothing is known of
            any shortlist.
        shortlisted_by: the same, by each way alone.
        ece: expected calibration error over equal-mass bins, all pictures.
        brier: mean squared error of the probability, all pictures.
        reliability: the bins, least probable first.
        verdict_precision: share of the `identical` answers that are right; 1 when there is none.
        verdict_recall: share of the known answered `identical` and right.
        unknown_named: share of the unknown answered `identical`, with the Wilson interval.
        median_ms: per picture.
        p95_ms: 95th percentile of the same.
    """

    known: int
    unknown: int
    top1: Estimate
    recall_at_p99: Estimate
    threshold: float | None
    shortlist_recall: dict[int, float] | None
    shortlisted: float | None
    shortlisted_by: Mapping[Way, float]
    ece: Estimate
    brier: Estimate
    reliability: tuple[ReliabilityBin, ...]
    verdict_precision: float
    verdict_recall: float
    unknown_named: Estimate
    median_ms: float
    p95_ms: float

    def to_json(self) -> dict[str, Any]:
        """As plain values; keys of `shortlist_recall` become text."""
        record = asdict(self)
        if self.shortlist_recall is not None:
            record["shortlist_recall"] = {str(k): v for k, v in self.shortlist_recall.items()}
        return record


def choose_answer(
    truth: str | None,
    detections: Sequence[ScoredDetection],
    elapsed_ms: float,
    groups: tuple[str, ...] = (),
) -> Answer:
    """The answer of one picture: its most probable named detection."""
    named = [detection for detection in detections if detection.product_id is not None]
    best = max(named, key=lambda detection: detection.probability, default=None)
    rank = None if truth is None else _best_rank(truth, detections)
    ways = None if truth is None else _ways(truth, detections)
    if best is None:
        return Answer(truth, None, 0.0, False, rank, elapsed_ms, groups, ways)
    return Answer(
        truth, best.product_id, best.probability, best.identical, rank, elapsed_ms, groups, ways
    )


def score_answers(
    answers: Sequence[Answer], *, draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> Score:
    """Score the answers of one method.

    Raises:
        ValueError: there is no answer.
    """
    if not answers:
        raise ValueError("there is nothing to score: no picture was answered")
    columns = _Columns(answers)
    weights = _bootstrap_weights(len(answers), draws, seed)
    recalls, thresholds = columns.recall_at_precision(weights)
    return Score(
        known=int(columns.known.sum()),
        unknown=int((~columns.known).sum()),
        top1=_estimate(columns.top1(weights)),
        recall_at_p99=_estimate(recalls),
        threshold=thresholds[0],
        shortlist_recall=columns.shortlist_recall(),
        shortlisted=columns.shortlisted(),
        shortlisted_by=columns.shortlisted_by(),
        ece=_estimate(columns.ece(weights)),
        brier=_estimate(columns.brier(weights)),
        reliability=columns.reliability(),
        verdict_precision=_share(columns.right & columns.identical, columns.identical, 1.0),
        verdict_recall=_share(columns.right & columns.identical, columns.known),
        unknown_named=wilson_interval(
            int((columns.identical & ~columns.known).sum()), int((~columns.known).sum())
        ),
        median_ms=float(np.median(columns.elapsed_ms)),
        p95_ms=float(np.percentile(columns.elapsed_ms, 95)),
    )


def wilson_interval(hits: int, total: int) -> Estimate:
    """A share with its 95 % interval (Wilson, 1927): it says something of a rate of nought, too."""
    if total == 0:
        return Estimate(0.0, 0.0, 1.0)
    share = hits / total
    shrink = 1 + _NORMAL_95**2 / total
    middle = (share + _NORMAL_95**2 / (2 * total)) / shrink
    spread = share * (1 - share) / total + (_NORMAL_95 / (2 * total)) ** 2
    reach = _NORMAL_95 * float(np.sqrt(spread)) / shrink
    return Estimate(share, max(middle - reach, 0.0), min(middle + reach, 1.0))


class _Columns:
    """Answers as arrays; metrics take (B, N) weights of pictures, one row per bootstrap draw."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.known = np.array([answer.truth is not None for answer in answers])
        self.named = np.array([answer.named is not None for answer in answers])
        self.right = np.array([answer.is_right for answer in answers])
        self.identical = np.array(
            [answer.identical and answer.named is not None for answer in answers]
        )
        self.probability = np.array([answer.probability for answer in answers], np.float64)
        self.elapsed_ms = np.array([answer.elapsed_ms for answer in answers], np.float64)
        self.ranks = [answer.shortlist_rank for answer in answers]
        self.ways = [answer.ways for answer in answers]
        self._bins = _equal_mass_bins(self.probability, RELIABILITY_BINS)

    def top1(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _ratio(weights @ self.right, weights @ self.known)

    def recall_at_precision(
        self, weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], list[float | None]]:
        order = np.argsort(-self.probability, kind="stable")
        order = order[self.named[order]]
        if len(order) == 0:
            return np.zeros(len(weights)), [None] * len(weights)
        probability = self.probability[order]
        ends = np.flatnonzero(np.append(probability[1:] < probability[:-1], True))
        right = np.cumsum(weights[:, order] * self.right[order], axis=1)[:, ends]
        answered = np.cumsum(weights[:, order], axis=1)[:, ends]
        recall = _ratio(right, (weights @ self.known)[:, None])
        recall = np.where(right >= PRECISION * answered - _ROUNDING, recall, 0.0)
        best = recall.argmax(axis=1)
        values = recall[np.arange(len(weights)), best]
        thresholds = [
            float(probability[ends[at]]) if value > 0 else None
            for at, value in zip(best, values, strict=True)
        ]
        return values, thresholds

    def ece(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        gap = weights * (self.probability - self.right)
        by_bin = np.stack([gap[:, self._bins == index].sum(axis=1) for index in self._bin_ids()])
        error: NDArray[np.float64] = np.abs(by_bin).sum(axis=0) / weights.sum(axis=1)
        return error

    def brier(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _ratio(weights @ (self.probability - self.right) ** 2, weights.sum(axis=1))

    def reliability(self) -> tuple[ReliabilityBin, ...]:
        return tuple(
            ReliabilityBin(
                int((self._bins == index).sum()),
                float(self.probability[self._bins == index].mean()),
                float(self.right[self._bins == index].mean()),
            )
            for index in self._bin_ids()
        )

    def shortlist_recall(self) -> dict[int, float] | None:
        ranks, known = self._shortlist_ranks(), int(self.known.sum())
        if not ranks:
            return None
        return {size: sum(rank <= size for rank in ranks) / known for size in SHORTLIST_SIZES}

    def shortlisted(self) -> float | None:
        listed = [ways for ways in self.ways if ways is not None]
        return len(listed) / int(self.known.sum()) if listed else None

    def shortlisted_by(self) -> dict[Way, float]:
        listed = [ways for ways in self.ways if ways is not None]
        if not listed:
            return {}
        known = int(self.known.sum())
        return {way: sum(way in ways for ways in listed) / known for way in Way}

    def _shortlist_ranks(self) -> list[int]:
        """Of the known pictures whose product is a candidate."""
        return [rank for rank in self.ranks if rank is not None]

    def _bin_ids(self) -> NDArray[np.intp]:
        return np.unique(self._bins)


def _best_rank(truth: str, detections: Sequence[ScoredDetection]) -> int | None:
    """Rank of the truth by similarity; candidates as similar as it stand before it."""
    ranks = [
        sum(other >= own for _, other in detection.similarities)
        for detection in detections
        for product_id, own in detection.similarities
        if product_id == truth
    ]
    return min(ranks, default=None)


def _ways(truth: str, detections: Sequence[ScoredDetection]) -> frozenset[Way] | None:
    """By which ways a product was shortlisted in any detection; None if in none."""
    found = [
        ways
        for detection in detections
        for product_id, ways in detection.listed
        if product_id == truth
    ]
    return frozenset[Way]().union(*found) if found else None


def _equal_mass_bins(probability: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """A bin for each picture, as equally filled as equal probabilities in one bin allow."""
    edges = np.quantile(probability, np.arange(1, count) / count, method="lower")
    return np.searchsorted(np.unique(edges), probability, side="left").astype(np.intp)


def _bootstrap_weights(pictures: int, draws: int, seed: int) -> NDArray[np.float64]:
    """How often each picture counts: once in the first row, as drawn in the others."""
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(pictures, np.full(pictures, 1 / pictures), size=draws)
    return np.vstack([np.ones(pictures), drawn]).astype(np.float64)


def _estimate(values: NDArray[np.float64]) -> Estimate:
    """The first value with the interval of the others."""
    drawn = values[1:] if len(values) > 1 else values
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Estimate(float(values[0]), float(low), float(high))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Part of the whole; 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_], of_nothing: float = 0.0) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else of_nothing
