"""What a catalog would have said: questions whose answers are known, asked beforehand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from matcher.decision.decision import Decision
from matcher.decision.leave_out import ReducedCatalog
from matcher.results import Match
from matcher.retrieval.shortlist import SearchableCatalog

_HARDLY: Final = 1e-6

Image = NDArray[np.uint8]


class SampleKind(StrEnum):
    """What sort of question it is, and so what its answer tells.

    `unknown` is a photo of nothing in the catalog, `wrong` an answer that somebody called wrong,
    `left_out` a photo of a product, asked of the catalog without that product, and `view` a drawn
    view of one, asked likewise. `known` is a photo of a product, `confirmed` what somebody said is
    one, and `held_out` a reference picture, asked of the catalog without that picture.
    """

    UNKNOWN = "unknown"
    WRONG = "wrong"
    LEFT_OUT = "left_out"
    VIEW = "view"
    KNOWN = "known"
    CONFIRMED = "confirmed"
    HELD_OUT = "held_out"


KNOWN_KINDS: Final = frozenset({SampleKind.KNOWN, SampleKind.CONFIRMED, SampleKind.HELD_OUT})
# Something like what the catalog holds; the others are whatever else comes before a camera.
CATALOG_LIKE_KINDS: Final = frozenset({SampleKind.LEFT_OUT, SampleKind.VIEW})


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture and what is known of it.

    Attributes:
        kind: what sort.
        picture: reads or draws (H, W, 3) uint8 RGB.
        product_id: what it shows; when the kind is `wrong`, what it does not show; else None.
        withheld: pictures that the catalog is to lack.
        group: questions of one group stand or fall together, such as views of one product.
    """

    kind: SampleKind
    picture: Callable[[], Image]
    product_id: str | None = None
    withheld: frozenset[str] = frozenset()
    group: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the catalog would have said to a question.

    Attributes:
        kind: of the question.
        group: likewise.
        log_odds: of the best answer, before slope and offset are applied to it.
        is_right: whether that answer is the product that the picture shows.
    """

    kind: SampleKind
    group: str
    log_odds: float
    is_right: bool


class Recogniser(Protocol):
    """What answers; `matcher.pipeline.Pipeline` does."""

    def find(self, image: Image, catalog: SearchableCatalog) -> tuple[Match, ...]:
        """All products in a picture, with the probabilities by which verdicts are given."""
        ...

    def decision(self, catalog: SearchableCatalog) -> Decision:
        """How a catalog decides."""
        ...


def evaluate(
    judge: Recogniser,
    catalog: SearchableCatalog,
    questions: Sequence[Sample],
    calibrations: Mapping[str, Calibration],
    on_progress: Callable[[int, int], None],
) -> list[Outcome]:
    """Ask the questions one by one; a second or so for each.

    Args:
        judge: what answers.
        catalog: whom to ask.
        questions: what to ask.
        calibrations: by which the catalog decides meanwhile.
        on_progress: told how many of how many are done; may raise to stop.
    """
    replies = []
    for done, question in enumerate(questions):
        on_progress(done, len(questions))
        asked = ReducedCatalog(catalog, question.withheld, calibrations)
        slope, offset = judge.decision(asked).answer_scale
        best = _best(judge.find(question.picture(), asked), question)
        odds = log_odds(0.0 if best is None else best.probability)
        shown = question.product_id if question.kind in KNOWN_KINDS else None
        is_right = best is not None and shown is not None and best.product_id == shown
        replies.append(Outcome(question.kind, question.group, (odds - offset) / slope, is_right))
    on_progress(len(questions), len(questions))
    return replies


def log_odds(probability: float) -> float:
    """Of a probability, which is kept off 0 and 1."""
    held = min(max(probability, _HARDLY), 1 - _HARDLY)
    return float(np.log(held / (1 - held)))


def _best(matches: Sequence[Match], question: Sample) -> Match | None:
    """The match that a verdict would be given by; a guess gets none."""
    verified = [
        one
        for one in matches
        if one.verification is not None
        and (question.kind is not SampleKind.WRONG or one.product_id == question.product_id)
    ]
    return max(verified, key=lambda one: one.probability, default=None)
