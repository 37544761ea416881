"""Decide: from the evidence of a contest to calibrated probabilities and one of three verdicts.

A contest is a multinomial choice (McFadden's conditional logit, 1974) between its hypotheses and
"none of them". The lead over the runner-up and the twin test need no rule of their own: rivals
share one unit of probability.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from matcher.results import Verdict
from matcher.verification.verifier import Contest, Hypothesis

_MOST_INLIERS: Final = 120
_FEW_INLIERS: Final = 15
_FULL_SHARE: Final = 0.1
_SIMILAR: Final = 0.35
_HARDLY: Final = 1e-9
_NO_EVIDENCE: Final = frozenset({"bias", "unknown_share", "slope", "offset"})

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecisionWeights:
    """What one unit of each kind of evidence is worth, in log-odds against "none of them".

    Attributes:
        bias: log-odds of a hypothesis without any evidence.
        inliers: per natural logarithm of the inlier count.
        scarcity: per natural logarithm of how many times fewer than 15 inliers there are.
        correlation: per unit of local correlation.
        chroma: per 20 units of colour distance.
        similarity: per unit of similarity of the embeddings.
        twin_print: per unit of print lead in the twin test.
        twin_colour: per unit of colour lead in the twin test.
        unknown_share: in (0, 1), share of unknowns among the pictures of the calibration.
        difference: per unit of difference that the comparator tells.
        slope: of an answer's log-odds over those in its contest.
        offset: likewise, what is added to them.
    """

    bias: float
    inliers: float
    scarcity: float
    correlation: float
    chroma: float
    similarity: float
    twin_print: float
    twin_colour: float
    unknown_share: float
    difference: float = 0.0
    slope: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(cls, bias: float, worth: Floats, unknown_share: float) -> Self:
        """From (8,) weights in the order of `evidence_matrix`."""
        own, (twin_print, twin_colour, difference) = worth[:5].tolist(), worth[5:].tolist()
        inliers, scarcity, correlation, chroma, similarity = own
        return cls(
            bias,
            inliers,
            scarcity,
            correlation,
            chroma,
            similarity,
            twin_print,
            twin_colour,
            unknown_share,
            difference,
        )

    def evidence_weights(self) -> Floats:
        """(8,) float64, in the order of `evidence_matrix`."""
        names = [one.name for one in fields(self) if one.name not in _NO_EVIDENCE]
        return np.array([getattr(self, name) for name in names], np.float64)


@dataclass(frozen=True, slots=True)
class RankedHypothesis:
    """A hypothesis of a contest with its probability; they sum to at most 1 over a contest."""

    hypothesis: Hypothesis
    probability: float


class Decision:
    """Calibrated probabilities and verdicts."""

    def __init__(
        self,
        weights: DecisionWeights,
        threshold: float,
        unknown_share: float | None = None,
        model_id: str = "",
    ) -> None:
        """Hold what was calibrated.

        Args:
            weights: from calibration.
            threshold: probability from which a product is called `identical`.
            unknown_share: in (0, 1), expected share of unknowns; that of the calibration if None.
            model_id: names the weights and the networks whose evidence they weigh.
        """
        self._weights = weights
        self._threshold = threshold
        self._model_id = model_id
        expected = weights.unknown_share if unknown_share is None else unknown_share
        self._unknown_share = expected
        self._prior_shift = _log_odds(1 - expected) - _log_odds(1 - weights.unknown_share)

    @property
    def threshold(self) -> float:
        """Probability from which a product is called `identical`."""
        return self._threshold

    @property
    def model_id(self) -> str:
        """Names the weights and the networks whose evidence they weigh."""
        return self._model_id

    def with_networks(self, part_id: str) -> "Decision":
        """The same weights for the evidence of other networks, with a name of its own."""
        name = derive_model_id(self._model_id, part_id)
        return Decision(self._weights, self._threshold, self._unknown_share, name)

    def with_calibrations(self, calibrations: Mapping[str, Calibration]) -> "Decision":
        """As a catalog decides; itself for a catalog that has no calibration by these networks.

        Args:
            calibrations: of the catalog, by `model_id`.
        """
        known = calibrations.get(self._model_id)
        if known is None:
            return self
        weights = self._weights
        if known.slope is not None and known.offset is not None:
            weights = replace(weights, slope=known.slope, offset=known.offset)
        share = self._unknown_share if known.unknown_share is None else known.unknown_share
        return Decision(weights, known.threshold, share, self._model_id)

    @property
    def unknown_share(self) -> float:
        """In (0, 1), expected share of unknowns."""
        return self._unknown_share

    @property
    def answer_scale(self) -> tuple[float, float]:
        """Slope and offset of `answered`."""
        return self._weights.slope, self._weights.offset

    def rank(self, contest: Contest) -> list[RankedHypothesis]:
        """Hypotheses of one contest, most probable first."""
        worth = evidence_matrix(contest) @ self._weights.evidence_weights()
        logits = worth + self._weights.bias + self._prior_shift
        probabilities = choice_probabilities(logits)
        ranked = [
            RankedHypothesis(hypothesis, float(probability))
            for hypothesis, probability in zip(contest.hypotheses, probabilities, strict=True)
        ]
        return sorted(ranked, key=lambda one: -one.probability)

    def answered(self, probability: float) -> float:
        """The chance that the best of a contest is the right answer, calibrated on whole photos.

        Args:
            probability: in [0, 1], of the best within its contest.
        """
        chance = min(max(probability, _HARDLY), 1 - _HARDLY)
        log_odds = self._weights.slope * _log_odds(chance) + self._weights.offset
        return float(1 / (1 + np.exp(-log_odds)))

    def verdict(self, probability: float, any_of_them: float) -> Verdict:
        """The verdict for the best product.

        Args:
            probability: of the best product.
            any_of_them: sum over all products of the contest.
        """
        if probability >= self._threshold:
            return Verdict.IDENTICAL
        return Verdict.SIMILAR if any_of_them >= _SIMILAR else Verdict.UNKNOWN


def derive_model_id(model_id: str, part_id: str) -> str:
    """What `Decision.model_id` is when the embedder is another one."""
    return hashlib.sha256(f"{model_id}\n{part_id}".encode()).hexdigest()[: len(model_id)]


def evidence_matrix(contest: Contest) -> Floats:
    """(N, 8) float64: what speaks for each hypothesis, in the order of `DecisionWeights`."""
    own = np.array([_own(one) for one in contest.hypotheses], np.float64)
    twins = np.zeros((len(own), 2))
    for duel in contest.duels:
        told = duel.evidence
        # A sliver of differing area is one glance, not a proof.
        colour = told.colour_lead * min(told.share / _FULL_SHARE, 1.0)
        lead = np.array([told.print_lead, colour]) / 2
        twins[duel.first] += lead
        twins[duel.second] -= lead
    differences = np.array([[one.difference] for one in contest.hypotheses], np.float64)
    return np.concatenate([own, twins, differences], axis=1)


def _own(hypothesis: Hypothesis) -> list[float]:
    aligned, inliers = hypothesis.alignment, hypothesis.placement.inliers
    return [
        float(np.log(min(inliers, _MOST_INLIERS))),
        max(float(np.log(_FEW_INLIERS / inliers)), 0.0),
        aligned.correlation,
        aligned.chroma / 20,
        hypothesis.similarity,
    ]


def choice_probabilities(logits: Floats) -> Floats:
    """Softmax over the hypotheses and a last alternative "none" whose logit is 0."""
    top = max(float(logits.max(initial=0.0)), 0.0)
    weights = np.exp(logits - top)
    shares: Floats = weights / (weights.sum() + np.exp(-top))
    return shares


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))
