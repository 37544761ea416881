"""When an answer is not beyond doubt, so that it is worth to read the words in the picture."""

from dataclasses import dataclass
from typing import Final

from matcher.decision.decision import Decision
from matcher.verification.verifier import Contest


@dataclass(frozen=True, slots=True)
class DoubtSettings:
    """Bounds of doubt.

    Attributes:
        rival: probability of another product from which it competes.
        alike: log-odds of another print, told by the comparator, above which an `identical` leaves
            room for another flavour.
    """

    rival: float = 0.03
    alike: float = -3.0


DOUBT_SETTINGS: Final = DoubtSettings()
LEAST_DOUBTED: Final = 0.35  # probability below which an answer names nothing whatever words say


def is_in_doubt(
    contest: Contest,
    decision: Decision,
    least: float = LEAST_DOUBTED,
    settings: DoubtSettings = DOUBT_SETTINGS,
) -> bool:
    """Return whether words could change what is said of a contest.

    They could where the probability lies between the verdicts, where a near-twin competes, and
    where the aligned comparison leaves room for another flavour of what would be `identical`.
    """
    best, *rivals = decision.rank(contest)
    probability = decision.answer(best.probability)
    if probability < least:
        return False
    if probability < decision.threshold:
        return True
    competes = any(rival.probability >= settings.rival for rival in rivals)
    return competes or best.hypothesis.difference > settings.alike
