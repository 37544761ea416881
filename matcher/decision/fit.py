"""Fit the decision's weights to labelled contests by maximum likelihood."""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.decision.decision import (
    EVIDENCE,
    DecisionWeights,
    choice_probabilities,
    evidence_matrix,
)
from matcher.errors import WeightsError
from matcher.verification.verifier import Contest, Duel

# Keeps few pictures from making the decision surer than they justify.
_RIDGE: Final = 0.5  # penalty per squared weight on standardised evidence
_CAUTION: Final = 2.0  # answers that a slope of 1 and an offset of 0 weigh as much as
# Hundreds of photos need less of it than the dozens that a catalog is calibrated with.
_CAUTION_OF_MANY: Final = 0.3
_HARDLY: Final = 1e-6  # distance of a probability from 0 and 1; keeps a logarithm finite
_LEAST_SLOPE: Final = 0.2  # an answer that is likelier stays so
_UNKNOWN_SHARES: Final = (0.01, 0.99)  # bounds: only one sort of photo proves no certainty
# Evidence may not count against what it speaks for, and some always counts; per standard deviation.
_FOR: Final = (0.0, None)
_AGAINST: Final = (None, 0.0)  # chroma and what is unproven: the more, the less likely
# How much of the surface agrees means the same on any goods, what a network says does not: embedder
# and comparator were trained on the sort of photos that the decision is fitted on, which flatters
# them. So geometry counts at least that much and they at most that much.
_SURFACE: Final = (0.3, None)
_LIKENESS: Final = (0.0, 0.3)  # per standard deviation of the evidence, as all bounds here
_DIFFERENCE: Final = (-1.0, 0.0)  # the same; it has seen many kinds of prints, few kinds of twins
# Twins that differ in a word or two are rare among the photos of a calibration.
_PRINT: Final = (0.25, None)
_BOUNDS: Final[Mapping[str, tuple[float | None, float | None]]] = {
    "inliers": (0.3, None),
    "scarcity": (None, -0.2),
    "coverage": _SURFACE,
    "matched": _SURFACE,
    "correlation": (0.15, None),
    "chroma": _AGAINST,
    "lead": _LIKENESS,
    "unproven": _AGAINST,
    "twin_print": _PRINT,
    "twin_colour": _FOR,
    "difference": _DIFFERENCE,
}


@dataclass(frozen=True, slots=True, eq=False)
class LabelledContest:
    """A contest and the truth.

    Attributes:
        contest: the hypotheses that competed.
        product_id: the product that is really there; None if it is none of the catalog.
        weight: how much it counts.
    """

    contest: Contest
    product_id: str | None
    weight: float = 1.0


def pick_main_contest(contests: Sequence[Contest], product_id: str | None) -> Contest | None:
    """Return the contest that a photo's label is about: where its product competes, or the first.

    Args:
        contests: strongest first.
        product_id: the photo's label; None for a photo of nothing in the catalog.
    """
    for contest in contests:
        if any(rival.reference.product_id == product_id for rival in contest.hypotheses):
            return contest
    return contests[0] if contests else None


def fit_weights(labelled: Sequence[LabelledContest]) -> DecisionWeights:
    """Return the weights that make the labels most likely, with a ridge on standardised evidence.

    Raises:
        ValueError: no contest is given.
    """
    if not labelled:
        raise ValueError("calibration needs at least one labelled contest")
    tables = [evidence_matrix(example.contest) for example in labelled]
    rows = np.concatenate(tables)
    centre, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = [(table - centre) / spread for table in tables]
    answers = [_position_of_label(example) for example in labelled]

    # Imported late: it takes a quarter of a second, which reading a calibration need not wait for.
    from scipy.optimize import minimize

    def loss(parameters: NDArray[np.float64]) -> float:
        total = float(_RIDGE * (parameters[1:] ** 2).sum())
        for table, answer, example in zip(scaled, answers, labelled, strict=True):
            shares = choice_probabilities(table @ parameters[1:] + parameters[0])
            right = 1 - shares.sum() if answer is None else shares[answer]
            total -= example.weight * float(np.log(max(float(right), 1e-12)))
        return total

    bounds = [(None, None), *(_BOUNDS[name] for name in EVIDENCE)]
    start = np.array([low if low else high if high else 0.0 for low, high in bounds])
    fitted = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    worth = fitted[1:] / spread
    bias = float(fitted[0] - (worth * centre).sum())
    return DecisionWeights.of(bias, worth, _unknown_share(labelled))


def fit_answer_scale(
    weights: DecisionWeights,
    photos: Sequence[Sequence[Contest]],
    product_ids: Sequence[str | None],
    worth: Sequence[float] | None = None,
) -> DecisionWeights:
    """Return the weights with the slope and offset that make answers to whole photos honest.

    A contest is labelled where the photo's product competes; an answer is the best of all
    contests. The two are not equally often right. See `fit_platt`.

    Args:
        weights: from `fit_weights`.
        photos: all contests of each photo.
        product_ids: what each photo shows; None if it is none of the catalog.
        worth: how much each photo counts; None for the same.
    """
    answers = [_best(weights, contests) for contests in photos]
    log_odds = np.array([np.log(best.probability / (1 - best.probability)) for best in answers])
    right = np.array(
        [
            product_id is not None and best.product_id == product_id
            for best, product_id in zip(answers, product_ids, strict=True)
        ]
    )
    counts = 1.0 if worth is None else np.asarray(worth, np.float64)
    slope, offset = fit_platt(log_odds, right, counts, caution=_CAUTION_OF_MANY)
    return replace(weights, slope=slope, offset=offset)


def fit_platt(
    log_odds: NDArray[np.float64],
    right: NDArray[np.bool_],
    weights: NDArray[np.float64] | float = 1.0,
    caution: float = _CAUTION,
) -> tuple[float, float]:
    """Return the slope and offset that make answers honest (Platt, 1999), drawn towards 1 and 0.

    Args:
        log_odds: (N,) of the answers.
        right: (N,) whether they were.
        weights: (N,) how much each counts.
        caution: how many answers hold the result where it is by default.
    """
    from scipy.optimize import minimize

    def loss(parameters: NDArray[np.float64]) -> float:
        slope, offset = parameters
        towards = np.where(right, 1, -1) * (slope * log_odds + offset)
        surprise = float((weights * np.logaddexp(0, -towards)).sum())
        return surprise + float(caution * ((slope - 1) ** 2 + offset**2))

    slope, offset = minimize(
        loss, np.array([1.0, 0.0]), bounds=((_LEAST_SLOPE, None), (None, None))
    ).x
    return float(slope), float(offset)


@dataclass(frozen=True, slots=True)
class _Best:
    product_id: str | None
    probability: float


def _best(weights: DecisionWeights, contests: Sequence[Contest]) -> _Best:
    best = _Best(None, _HARDLY)
    for contest in contests:
        shares = choice_probabilities(
            evidence_matrix(contest) @ weights.evidence_weights() + weights.bias
        )
        first = int(shares.argmax())
        if shares[first] > best.probability:
            product_id = contest.hypotheses[first].reference.product_id
            best = _Best(product_id, min(float(shares[first]), 1 - _HARDLY))
    return best


def remove_products(contest: Contest, product_ids: Container[str]) -> Contest | None:
    """Return the contest as if the catalog lacked some products; None if no rival is left.

    A product's photo without the product itself is the hardest unknown there is: its twins stay.
    """
    kept = [
        index
        for index, rival in enumerate(contest.hypotheses)
        if rival.reference.product_id not in product_ids
    ]
    if not kept:
        return None
    place = {old: new for new, old in enumerate(kept)}
    return Contest(
        tuple(contest.hypotheses[index] for index in kept),
        tuple(
            Duel(place[duel.first], place[duel.second], duel.evidence)
            for duel in contest.duels
            if duel.first in place and duel.second in place
        ),
    )


def save_weights(weights: DecisionWeights, path: Path) -> None:
    """Write weights as JSON.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(json.dumps(asdict(weights), indent=1) + "\n")


def read_weights(path: Path) -> DecisionWeights:
    """Return the weights that `save_weights` wrote.

    Raises:
        WeightsError: the file cannot be read or holds something else.
    """
    try:
        return DecisionWeights(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise WeightsError(f"{path.name} is no calibration: {error}") from error


def _position_of_label(example: LabelledContest) -> int | None:
    for index, hypothesis in enumerate(example.contest.hypotheses):
        if hypothesis.reference.product_id == example.product_id:
            return index
    return None


def _unknown_share(labelled: Sequence[LabelledContest]) -> float:
    total = sum(example.weight for example in labelled)
    unknown = sum(example.weight for example in labelled if _position_of_label(example) is None)
    least, most = _UNKNOWN_SHARES
    return min(max(unknown / total, least), most)
