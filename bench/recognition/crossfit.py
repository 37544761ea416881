"""Is a probability right for products that its calibration has never seen?

Products are dealt into folds. For each fold, the decision is calibrated on `train` photos of the
other folds' products, and answers the fold's own photos; unknown photos are dealt likewise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.progress import Progress, silent
from bench.recognition import score as scoring
from bench.recognition.dataset import Query, load
from bench.recognition.score import Answer, Said, Score
from matcher.decision.decision import Decision
from matcher.decision.fit import LabelledContest, fit_weights, pick_main_contest, remove_products
from matcher.results import Verdict
from matcher.verification.verifier import Contest

THRESHOLD: Final = 0.5
DEFAULT_FOLDS: Final = 4

ContestSource = Callable[[NDArray[np.uint8]], Sequence[Contest]]
"""What competes in an (H, W, 3) RGB picture: `Pipeline.contests` with a catalog."""


@dataclass(frozen=True, slots=True)
class CrossfitOptions:
    """How to deal and how sure a figure has to be."""

    folds: int = DEFAULT_FOLDS
    draws: int = scoring.BOOTSTRAP_DRAWS
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CrossfitResult:
    """The score of answers whose calibration never saw their product."""

    score: Score
    train_photos: int
    folds: int

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        record = self.score.to_json()
        return {**record, "train_photos": self.train_photos, "folds": self.folds}


def measure_crossfit(
    train: Sequence[Query],
    photos: Sequence[Query],
    contests: ContestSource,
    options: CrossfitOptions | None = None,
    on_progress: Progress = silent,
) -> CrossfitResult:
    """Calibrate on train photos of other products, fold by fold, and score the photos.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
        ValueError: there is no photo, or a fold has nothing to calibrate on.
    """
    options = options or CrossfitOptions()
    products = sorted({query.truth for query in (*train, *photos) if query.truth is not None})
    fold_of = {product: index % options.folds for index, product in enumerate(products)}
    train_fold, photo_fold = _deal(train, fold_of, options), _deal(photos, fold_of, options)
    seen = _look_all(train, contests, "train photos", on_progress)
    labelled = [_labelled(query, seen[query.path]) for query in train]
    asked = _look_all(photos, contests, "photos", on_progress)
    answers = []
    for fold in range(options.folds):
        others = [
            each
            for several, place in zip(labelled, train_fold, strict=True)
            if place != fold
            for each in several
        ]
        decision = Decision(fit_weights(others), THRESHOLD)
        answers += [
            _answer(query, asked[query.path], decision)
            for query, place in zip(photos, photo_fold, strict=True)
            if place == fold
        ]
    result = scoring.score(answers, draws=options.draws, seed=options.seed)
    return CrossfitResult(result, len(train), options.folds)


def _look_all(
    queries: Sequence[Query], contests: ContestSource, label: str, on_progress: Progress
) -> dict[Path, Sequence[Contest]]:
    found: dict[Path, Sequence[Contest]] = {}
    for done, query in enumerate(queries):
        on_progress(label, done, len(queries))
        found[query.path] = contests(load(query.path))
    on_progress(label, len(queries), len(queries))
    return found


def _deal(
    queries: Sequence[Query], fold_of: Mapping[str, int], options: CrossfitOptions
) -> list[int]:
    """A fold for each photo: its product's, or one by turns for the unknown."""
    unknown = iter(range(len(queries)))
    return [
        next(unknown) % options.folds if query.truth is None else fold_of[query.truth]
        for query in queries
    ]


def _labelled(query: Query, contests: Sequence[Contest]) -> list[LabelledContest]:
    """The photo's contest, and, for a product, the same without it: its twins are unknowns then."""
    contest = pick_main_contest(contests, query.truth)
    if contest is None:
        return []
    labelled = [LabelledContest(contest, query.truth)]
    bereft = None if query.truth is None else remove_products(contest, {query.truth})
    if bereft is not None:
        labelled.append(LabelledContest(bereft, None, weight=0.5))
    return labelled


def _answer(query: Query, contests: Sequence[Contest], decision: Decision) -> Answer:
    ranked = [decision.rank(contest) for contest in contests]
    said = [
        Said(
            each[0].hypothesis.reference.product_id,
            each[0].probability,
            decision.verdict(each[0].probability, sum(one.probability for one in each))
            is Verdict.IDENTICAL,
        )
        for each in ranked
    ]
    return scoring.answer(query.truth, said, 0.0, query.groups)
