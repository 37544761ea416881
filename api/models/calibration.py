"""Calibrates a catalog: from a rate that its owner asks for to a threshold in its journal."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.errors import Refused
from api.models.calibration_data import (
    CalibrationData,
    catalog_samples,
    feedback_samples,
    photo_samples,
)
from api.schemas.results import calibration_json
from catalog.journal.commit_log import utc_now
from catalog.records.calibration import Calibration
from catalog.snapshot import Catalog
from catalog.store import CatalogStore
from matcher.decision.decision import Decision
from matcher.decision.evaluation import KNOWN_KINDS, Recogniser, evaluate
from matcher.decision.leave_out import ReducedCatalog
from matcher.decision.threshold import (
    AnswerScale,
    Rate,
    Target,
    Threshold,
    ThresholdFigures,
    choose_threshold,
)

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """A rate that the owner of a catalog asks for, and what to learn from.

    Attributes:
        false_accept_rate: in (0, 1), the share of unknowns that may be called `identical`.
        photos: folder of labelled photos; None for feedback and the catalog itself.
        unknown_share: in (0, 1), how many of all things in view are unknown; None for as before.
        dry_run: only say what would be chosen.
        seed: of what is drawn by lot.
    """

    false_accept_rate: float = 0.01
    photos: Path | None = None
    unknown_share: float | None = None
    dry_run: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """A calibration and how it was chosen.

    Attributes:
        index_version: the catalog's afterwards.
        calibration: chosen; in the journal unless it was a dry run.
        choice: how it was chosen.
        notes: sentences on what was too little, or left aside.
    """

    index_version: int
    calibration: Calibration
    choice: Threshold
    notes: tuple[str, ...]


def calibrate(
    store: CatalogStore,
    recogniser: Recogniser,
    request: CalibrationRequest,
    on_progress: OnProgress,
) -> CalibrationOutcome:
    """Evaluate the catalog on known samples, and choose its threshold; takes minutes.

    Raises:
        Refused: there is nothing to learn from, or a photo cannot be read.
        Invalid: a rate or share is not between 0 and 1.
        Conflict: the catalog was encoded by other networks.
    """
    snapshot = store.snapshot()
    model_id = recogniser.decision(snapshot).model_id
    present = snapshot.calibrations.get(model_id)
    share = request.unknown_share
    if share is None and present is not None:
        share = present.unknown_share
    rate, shipped = request.false_accept_rate, _as_if(recogniser, snapshot, {})
    # Samples are evaluated by this one; it checks the ranges before minutes are spent.
    usual = {model_id: Calibration(model_id, "", rate, shipped.threshold, unknown_share=share)}
    data = gather_samples(store, snapshot, request)
    outcomes = evaluate(recogniser, snapshot, data.samples, usual, on_progress)
    target = Target(rate, _as_if(recogniser, snapshot, usual).unknown_share)
    choice = choose_threshold(
        outcomes, target, _scale(shipped), _scale(recogniser.decision(snapshot))
    )
    after = choice.after.scale
    calibration = Calibration(
        model_id,
        utc_now(),
        rate,
        after.threshold,
        after.slope if choice.is_fitted else None,
        after.offset if choice.is_fitted else None,
        share,
        dict(Counter(str(outcome.kind) for outcome in outcomes)),
    )
    version = snapshot.index_version if request.dry_run else store.calibrate(calibration)
    return CalibrationOutcome(version, calibration, choice, (*data.notes, *choice.notes))


def decide_as_shipped(store: CatalogStore, recogniser: Recogniser) -> int:
    """Have the catalog decide as shipped again by the present networks.

    Returns:
        The catalog's `index_version` afterwards.
    """
    return store.reset_calibration(recogniser.decision(store.snapshot()).model_id)


def gather_samples(
    store: CatalogStore, snapshot: Catalog, request: CalibrationRequest
) -> CalibrationData:
    """Gather the samples of feedback, and of photos or the catalog itself.

    Raises:
        Refused: there is nothing, or a photo cannot be read.
    """
    feedback = feedback_samples(snapshot, store.feedback)
    if request.photos is not None:
        others = photo_samples(snapshot, request.photos)
    else:
        others = catalog_samples(snapshot, request.seed)
    samples = [*feedback.samples, *others.samples]
    if not any(sample.kind not in KNOWN_KINDS for sample in samples):
        raise Refused(
            f"there is nothing unknown to calibrate catalog {snapshot.name} with: it needs two "
            "products, or feedback with pictures, or --photos with a folder _unknown"
        )
    return CalibrationData(samples, [*feedback.notes, *others.notes])


def calibration_outcome_json(
    catalog: str, request: CalibrationRequest, outcome: CalibrationOutcome
) -> dict[str, Any]:
    """Return the JSON of command line and service."""
    calibration, choice = outcome.calibration, outcome.choice
    return {
        "catalog": catalog,
        "index_version": outcome.index_version,
        "dry_run": request.dry_run,
        **calibration_json(calibration),
        "before": _figures_json(choice.before),
        "after": _figures_json(choice.after),
        "notes": list(outcome.notes),
    }


def _figures_json(figures: ThresholdFigures) -> dict[str, Any]:
    return {
        "threshold": round(figures.scale.threshold, 4),
        "false_accept": _rate_json(figures.false_accept),
        "by_kind": {str(kind): _rate_json(rate) for kind, rate in figures.by_kind.items()},
        "known_named": _rate_json(figures.named),
        "known_misnamed": _rate_json(figures.misnamed),
    }


def _rate_json(rate: Rate | None) -> dict[str, float] | None:
    if rate is None:
        return None
    shares = {"value": rate.value, "low": rate.low, "high": rate.high}
    return {**{key: round(share, 4) for key, share in shares.items()}, "samples": rate.samples}


def _as_if(
    recogniser: Recogniser, snapshot: Catalog, calibrations: Mapping[str, Calibration]
) -> Decision:
    """Return how the catalog would decide by these calibrations instead of its own."""
    return recogniser.decision(ReducedCatalog(snapshot, frozenset(), calibrations))


def _scale(decision: Decision) -> AnswerScale:
    return AnswerScale(decision.threshold, *decision.answer_scale)
