"""Feedback of people on answers, as the journal keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# The journal keeps all of it; a state, and with it every process, the newest only.
MOST_FEEDBACK: Final = 10_000
# Pictures are larger than words, and show whatever stood before a camera.
MOST_PICTURES: Final = 2_000
PICTURE_DAYS: Final = 365
# Characters: several paragraphs, and 10,000 such notes still fit into memory.
LONGEST_NOTE: Final = 1000
# Characters, as ids of catalogs and products.
_LONGEST_ID: Final = 128


class FeedbackVerdict(StrEnum):
    """Verdicts of a person on an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feedback:
    """An opinion of one answer; the names of its fields are the keys of its JSON.

    Attributes:
        feedback_id: its id.
        at: ISO 8601, UTC.
        verdict: whether the answer was right.
        product_id: the answer.
        other_product_id: what it really was, when the verdict is `other`; None otherwise.
        probability: of the answer, in [0, 1]; None if it is not known.
        appearance_id: what was answered about, live or in a video; empty if nothing of the sort.
        image_id: the reference picture that the answer named; empty if it is not known.
        picture: SHA-256 of the stored picture of what was seen; empty if there is none.
        note: free text.
        by: who said it, such as a key's id.
        seen_version: the catalog's `index_version` then.
    """

    feedback_id: str
    at: str
    verdict: FeedbackVerdict
    product_id: str
    other_product_id: str | None = None
    probability: float | None = None
    appearance_id: str = ""
    image_id: str = ""
    picture: str = ""
    note: str = ""
    by: str = ""
    seen_version: int = 0

    @property
    def shown(self) -> str | None:
        """The product that was really in view; None if nobody knows."""
        known = {
            FeedbackVerdict.RIGHT: self.product_id,
            FeedbackVerdict.OTHER: self.other_product_id,
        }
        return known.get(self.verdict)

    def fault(self) -> str:
        """Return what is wrong with it as one sentence; empty when nothing is."""
        if (self.verdict is FeedbackVerdict.OTHER) != (self.other_product_id is not None):
            return "other_product_id goes with the verdict other, and only with it"
        if self.other_product_id == self.product_id:
            return "the other product is the one that was answered; that is the verdict right"
        if self.probability is not None and not 0 <= self.probability <= 1:
            return f"a probability lies between 0 and 1, not at {self.probability}"
        if len(self.note) > LONGEST_NOTE:
            return f"a note has at most {LONGEST_NOTE} letters, not {len(self.note)}"
        if max(map(len, (self.appearance_id, self.image_id, self.by))) > _LONGEST_ID:
            return f"an id has at most {_LONGEST_ID} letters"
        return ""


def kept_pictures(feedback: Sequence[Feedback], at: str) -> frozenset[str]:
    """Return the pictures that stay: of the newest `MOST_PICTURES`, for `PICTURE_DAYS`.

    Args:
        feedback: the newest last.
        at: the time now, ISO 8601, UTC.
    """
    oldest = datetime.fromisoformat(at) - timedelta(days=PICTURE_DAYS)
    with_picture = [item for item in feedback if item.picture][-MOST_PICTURES:]
    return frozenset(
        item.picture for item in with_picture if datetime.fromisoformat(item.at) >= oldest
    )
