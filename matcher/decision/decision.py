"""Decide whether a product is identical, similar or unknown.

`Decision.rank` turns the evidence of a contest into probabilities by a multinomial choice between
its hypotheses and "none of them" (McFadden's conditional logit, 1974), so that rivals share one
unit of probability and neither a lead nor the twin test needs a rule of its own. `Decision.answer`
calibrates that of the best hypothesis on whole photos. `Decision.verdict` compares the outcome with
the threshold: from there on a product is `identical`; below, it is `similar` if the products of the
contest together reach `DecisionSettings.similar_from`, and `unknown` if not.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from matcher.results import TrackCalibration, Verdict
from matcher.verification.verifier import Contest, Hypothesis

_HARDLY: Final = 1e-9  # distance that a probability keeps from 0 and 1, where log-odds are infinite
EVIDENCE: Final = (  # the columns of `evidence_matrix`
    "inliers", "scarcity", "coverage", "matched", "correlation", "chroma", "lead", "unproven",
    "twin_print", "twin_colour", "difference",
)  # fmt: skip

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DecisionSettings:
    """Thresholds of the decision; weights are fitted to evidence that is measured by them.

    Attributes:
        similar_from: probability of all products of a contest together from which the best of
            them is called `similar`.
        most_inliers: more do not make a product more probable; it is proven long before.
        few_inliers: below so many, each missing one counts as scarcity.
        full_share: of the product's area that must differ from its twin for a lead in colour to
            count in full; a sliver is one glance, not a proof.
        chroma_unit: colour distance (CIE a, b) that counts as 1.
    """

    similar_from: float = 0.35
    most_inliers: int = 400
    few_inliers: int = 15
    full_share: float = 0.1
    chroma_unit: float = 20.0


DEFAULT_SETTINGS: Final = DecisionSettings()


@dataclass(frozen=True, slots=True)
class DecisionWeights:
    """The worth of one unit of each kind of evidence, in log-odds against "none of them".

    Attributes:
        bias: log-odds of a hypothesis without any evidence.
        inliers: per natural logarithm of the inlier count.
        scarcity: per natural logarithm of how many times fewer than 15 inliers there are.
        correlation: per unit of local correlation.
        chroma: per 20 units of colour distance.
        lead: per standard deviation that the similarity of embeddings is above the catalog's.
        twin_print: per unit of print lead in the twin test.
        twin_colour: per unit of colour lead in the twin test.
        coverage: per unit of the visible reference that is matched.
        matched: per natural logarithm of the share of keypoints that agree.
        unproven: of a reference that may show more than its product.
        unknown_share: in (0, 1), share of unknowns among the pictures of the calibration.
        difference: per unit of difference that the comparator tells.
        slope: of an answer's log-odds over those in its contest.
        offset: added to an answer's log-odds.
        track_scale: of the log-odds of a track's surest look, so that its probability means what
            an answer's means.
        track_offset: added to a track's log-odds.
    """

    bias: float
    inliers: float
    scarcity: float
    correlation: float
    chroma: float
    lead: float
    twin_print: float
    twin_colour: float
    unknown_share: float
    coverage: float = 0.0
    matched: float = 0.0
    unproven: float = 0.0
    difference: float = 0.0
    slope: float = 1.0
    offset: float = 0.0
    track_scale: float = 1.0
    track_offset: float = 0.0

    @classmethod
    def of(cls, bias: float, worth: Floats, unknown_share: float) -> Self:
        """Make weights of an array of (11,), in the order of `evidence_matrix`."""
        columns = dict(zip(EVIDENCE, worth.tolist(), strict=True))
        return cls(bias=bias, unknown_share=unknown_share, **columns)

    def evidence_weights(self) -> Floats:
        """Return them as (11,) float64, in the order of `evidence_matrix`."""
        return np.array([getattr(self, name) for name in EVIDENCE], np.float64)


@dataclass(frozen=True, slots=True)
class RankedHypothesis:
    """A hypothesis of a contest with its probability; they sum to at most 1 over a contest."""

    hypothesis: Hypothesis
    probability: float


class Decision:
    """Calibrated probabilities and verdicts of one set of networks.

    Attributes:
        threshold: probability from which a product is called `identical`.
        unknown_share: in (0, 1), expected share of unknowns.
        model_id: names the weights and the networks whose evidence they weigh.
    """

    def __init__(
        self,
        weights: DecisionWeights,
        threshold: float,
        unknown_share: float | None = None,
        model_id: str = "",
        settings: DecisionSettings = DEFAULT_SETTINGS,
    ) -> None:
        """Decide by weights from a calibration, and the settings that they were fitted with.

        The expected share of unknowns is that of the calibration if None.
        """
        expected = weights.unknown_share if unknown_share is None else unknown_share
        self._weights = weights
        self._settings = settings
        self._prior_shift = _log_odds(1 - expected) - _log_odds(1 - weights.unknown_share)
        self.threshold: Final = threshold
        self.unknown_share: Final = expected
        self.model_id: Final = model_id

    def with_networks(self, part_id: str) -> "Decision":
        """Return the same weights for the evidence of other networks, under another `model_id`."""
        name = derive_model_id(self.model_id, part_id)
        return Decision(self._weights, self.threshold, self.unknown_share, name, self._settings)

    def with_calibrations(self, calibrations: Mapping[str, Calibration]) -> "Decision":
        """Return how a catalog decides; itself if that has no calibration by these networks.

        Args:
            calibrations: of the catalog, by `model_id`.
        """
        known = calibrations.get(self.model_id)
        if known is None:
            return self
        weights = self._weights
        if known.slope is not None and known.offset is not None:
            weights = _rescaled(weights, known.slope, known.offset)
        share = self.unknown_share if known.unknown_share is None else known.unknown_share
        return Decision(weights, known.threshold, share, self.model_id, self._settings)

    @property
    def answer_scale(self) -> tuple[float, float]:
        """Slope and offset of `answer`."""
        return self._weights.slope, self._weights.offset

    @property
    def track_calibration(self) -> TrackCalibration | None:
        """How a track's votes become a probability; None where they are believed as they are."""
        calibration = TrackCalibration(self._weights.track_scale, self._weights.track_offset)
        return None if calibration == TrackCalibration() else calibration

    def rank(self, contest: Contest) -> list[RankedHypothesis]:
        """Return the hypotheses of one contest, most probable first."""
        worth = evidence_matrix(contest, self._settings) @ self._weights.evidence_weights()
        words = np.array([rival.words for rival in contest.hypotheses])
        logits = worth + words + self._weights.bias + self._prior_shift
        probabilities = choice_probabilities(logits)
        ranked = [
            RankedHypothesis(hypothesis, float(probability))
            for hypothesis, probability in zip(contest.hypotheses, probabilities, strict=True)
        ]
        return sorted(ranked, key=lambda hypothesis: -hypothesis.probability)

    def answer(self, probability: float) -> float:
        """Return the probability that the best of a contest is right, as calibrated on photos.

        Args:
            probability: in [0, 1], of the best within its contest.
        """
        held = min(max(probability, _HARDLY), 1 - _HARDLY)
        log_odds = self._weights.slope * _log_odds(held) + self._weights.offset
        return float(1 / (1 + np.exp(-log_odds)))

    def verdict(self, probability: float, any_of_them: float) -> Verdict:
        """Return the verdict on the best product of a contest.

        Args:
            probability: in [0, 1], of the best product.
            any_of_them: in [0, 1], sum over all products of the contest.
        """
        if probability >= self.threshold:
            return Verdict.IDENTICAL
        is_similar = any_of_them >= self._settings.similar_from
        return Verdict.SIMILAR if is_similar else Verdict.UNKNOWN


def _rescaled(weights: DecisionWeights, slope: float, offset: float) -> DecisionWeights:
    """Return weights with another scale of answers, by which tracks are decided as before.

    Tracks' scale and offset are of the log-odds of answers, and move with these.
    """
    stretch = slope / weights.slope
    shift = offset - stretch * weights.offset
    track_offset = stretch * weights.track_offset + (1 - weights.track_scale) * shift
    return replace(weights, slope=slope, offset=offset, track_offset=track_offset)


def derive_model_id(model_id: str, part_id: str) -> str:
    """Return the `Decision.model_id` for another embedder, named by its part id."""
    return hashlib.sha256(f"{model_id}\n{part_id}".encode()).hexdigest()[: len(model_id)]


def evidence_matrix(contest: Contest, settings: DecisionSettings = DEFAULT_SETTINGS) -> Floats:
    """Return the evidence for each hypothesis, (N, 11), in the order of `DecisionWeights`."""
    own = np.array([_own_evidence(rival, settings) for rival in contest.hypotheses], np.float64)
    twins = np.zeros((len(own), 2))
    for duel in contest.duels:
        test = duel.evidence
        colour = test.colour_lead * min(test.share / settings.full_share, 1.0)
        lead = np.array([test.print_lead, colour]) / 2
        twins[duel.first] += lead
        twins[duel.second] -= lead
    differences = np.array([[rival.difference] for rival in contest.hypotheses], np.float64)
    return np.concatenate([own, twins, differences], axis=1)


def _own_evidence(hypothesis: Hypothesis, settings: DecisionSettings) -> list[float]:
    alignment, inliers = hypothesis.alignment, hypothesis.placement.inliers
    return [
        float(np.log(min(inliers, settings.most_inliers))),
        max(float(np.log(settings.few_inliers / inliers)), 0.0),
        hypothesis.coverage,
        float(np.log(hypothesis.matched)),
        alignment.correlation,
        alignment.chroma / settings.chroma_unit,
        hypothesis.lead,
        0.0 if hypothesis.is_proven else 1.0,
    ]


def choice_probabilities(logits: Floats) -> Floats:
    """Return the softmax over (N,) hypotheses and a last alternative "none", whose logit is 0."""
    top = max(float(logits.max(initial=0.0)), 0.0)
    weights = np.exp(logits - top)
    shares: Floats = weights / (weights.sum() + np.exp(-top))
    return shares


def _log_odds(share: float) -> float:
    """Return the log odds of a share; of one that is all or nothing, of nearly so."""
    inner = min(max(share, _HARDLY), 1 - _HARDLY)
    return float(np.log(inner / (1 - inner)))
