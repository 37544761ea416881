"""When an answer is not beyond doubt, so that it is worth to read the words in the picture."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from matcher.decision.decision import Decision
from matcher.results import log_odds
from matcher.verification.verifier import Contest
from matcher.words.comparison import WORD_SETTINGS


class Doubted(Enum):
    """Answers that may be doubted."""

    ALL = "all"
    CONFIRMING = "confirming"
    """Only what would be `identical`, as in frames of a video."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DoubtSettings:
    """Bounds of doubt.

    Attributes:
        rival: probability of another product from which it competes with an `identical` one.
        alike: log-odds of another print, told by the comparator, above which an `identical` leaves
            room for another flavour; of 41 `train` photos of cartons one in eight is above it, and
            all photos of near-twins that would be called `identical` in their own one's absence.
        lift: log-odds that words can add at most to what is between the verdicts.
    """

    rival: float = 0.03
    alike: float = -3.0
    lift: float = WORD_SETTINGS.most_for


DOUBT_SETTINGS: Final = DoubtSettings()


def is_in_doubt(
    contest: Contest,
    decision: Decision,
    doubted: Doubted = Doubted.ALL,
    settings: DoubtSettings = DOUBT_SETTINGS,
) -> bool:
    """Return whether words could make something `identical`, or no longer so.

    They could where a near-twin competes with what would be `identical`, or the aligned comparison
    leaves room for another flavour of it; and where the products of the contest together lie so
    little below the threshold that words lift one of them over it.

    Args:
        contest: undecided.
        decision: of the catalog.
        doubted: answers that may be.
        settings: bounds.
    """
    if doubted is Doubted.NONE:
        return False
    best, *rivals = decision.rank(contest)
    if decision.answer(best.probability) >= decision.threshold:
        competes = any(rival.probability >= settings.rival for rival in rivals)
        return competes or best.hypothesis.difference > settings.alike
    if doubted is Doubted.CONFIRMING:
        return False
    together = decision.answer(best.probability + sum(rival.probability for rival in rivals))
    slope, _ = decision.answer_scale
    return log_odds(together) + slope * settings.lift >= log_odds(decision.threshold)
