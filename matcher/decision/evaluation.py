"""Evaluate how a catalog answers: samples whose truth is known, identified one by one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from matcher.decision.decision import Decision
from matcher.decision.leave_out import ReducedCatalog
from matcher.results import Match, log_odds
from matcher.retrieval.shortlist import SearchableCatalog

Image = NDArray[np.uint8]


class SampleKind(StrEnum):
    """Sort of a sample, and so what its outcome shows.

    `unknown` is a photo of nothing in the catalog, `wrong` an answer that a user called wrong,
    `left_out` a photo of a product that the catalog is made to lack, and `view` a drawn view of
    such a product. `known` is a photo of a product, `confirmed` an answer that a user called right,
    and `held_out` a reference picture that the catalog is made to lack.
    """

    UNKNOWN = "unknown"
    WRONG = "wrong"
    LEFT_OUT = "left_out"
    VIEW = "view"
    KNOWN = "known"
    CONFIRMED = "confirmed"
    HELD_OUT = "held_out"


KNOWN_KINDS: Final = frozenset({SampleKind.KNOWN, SampleKind.CONFIRMED, SampleKind.HELD_OUT})
# Products like those of the catalog; the others are whatever else comes before a camera.
CATALOG_LIKE_KINDS: Final = frozenset({SampleKind.LEFT_OUT, SampleKind.VIEW})


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture and its truth.

    Attributes:
        kind: sort of sample.
        picture: reads or draws (H, W, 3) uint8 RGB.
        product_id: the product it shows; for `wrong`, one that it does not show; else None.
        left_out: ids of the pictures that the catalog is made to lack.
        group: samples of one group stand or fall together, such as views of one product.
    """

    kind: SampleKind
    picture: Callable[[], Image]
    product_id: str | None = None
    left_out: frozenset[str] = frozenset()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The catalog's answer to a sample.

    Attributes:
        kind: of the sample.
        group: of the sample.
        log_odds: of the best answer, before slope and offset are applied to it.
        is_right: whether that answer is the product that the picture shows.
    """

    kind: SampleKind
    group: str
    log_odds: float
    is_right: bool


class Recogniser(Protocol):
    """Identifies products in pictures; `matcher.pipeline.Pipeline` implements it."""

    def find(self, image: Image, catalog: SearchableCatalog) -> tuple[Match, ...]:
        """Return all products in a picture, with the probabilities by which verdicts are given."""

    def decision(self, catalog: SearchableCatalog) -> Decision:
        """Return how a catalog decides."""


def evaluate(
    recogniser: Recogniser,
    catalog: SearchableCatalog,
    samples: Sequence[Sample],
    calibrations: Mapping[str, Calibration],
    on_progress: Callable[[int, int], None],
) -> list[Outcome]:
    """Identify samples one by one, and compare with their truth; a second or so for each.

    Args:
        recogniser: the method.
        catalog: to search.
        samples: to identify.
        calibrations: by which the catalog decides meanwhile.
        on_progress: called with how many of how many are done; may raise to stop.
    """
    outcomes = []
    for done, sample in enumerate(samples):
        on_progress(done, len(samples))
        reduced = ReducedCatalog(catalog, sample.left_out, calibrations)
        slope, offset = recogniser.decision(reduced).answer_scale
        best = _best(recogniser.find(sample.picture(), reduced), sample)
        odds = log_odds(0.0 if best is None else best.probability)
        shown = sample.product_id if sample.kind in KNOWN_KINDS else None
        is_right = best is not None and shown is not None and best.product_id == shown
        outcomes.append(Outcome(sample.kind, sample.group, (odds - offset) / slope, is_right))
    on_progress(len(samples), len(samples))
    return outcomes


def _best(matches: Sequence[Match], sample: Sample) -> Match | None:
    """The match that the verdict is on; a guess gets none."""
    verified = [
        match
        for match in matches
        if match.verification is not None
        and (sample.kind is not SampleKind.WRONG or match.product_id == sample.product_id)
    ]
    return max(verified, key=lambda match: match.probability, default=None)
