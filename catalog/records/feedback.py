"""What people said of answers, as the journal keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from catalog.records.codec import Json, Malformed, number, text

# The journal keeps all of it; a state, and with it every process, the newest only.
MOST_FEEDBACK: Final = 10_000
# Pictures are larger than words, and show whatever stood before a camera.
MOST_PICTURES: Final = 2_000
PICTURE_DAYS: Final = 365
LONGEST_NOTE: Final = 1000
_LONGEST_ID: Final = 128


class FeedbackVerdict(StrEnum):
    """Whether the answer was right."""

    RIGHT = "right"
    WRONG = "wrong"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of one answer.

    Attributes:
        feedback_id: its id.
        at: ISO 8601, UTC.
        opinion: whether the answer was right.
        product_id: the answer.
        other_product_id: what it really was, when the opinion is `other`; None otherwise.
        probability: of the answer, in [0, 1]; None if it was not told.
        appearance_id: what was answered about, live or in a video; empty if nothing of the sort.
        image_id: the reference picture that the answer named; empty if it was not told.
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
        """What is wrong with it, one sentence; empty when nothing is."""
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
    """Pictures that stay: of the newest `MOST_PICTURES`, for `PICTURE_DAYS`.

    Args:
        feedback: the newest last.
        at: the time now, ISO 8601, UTC.
    """
    oldest = datetime.fromisoformat(at) - timedelta(days=PICTURE_DAYS)
    with_picture = [one for one in feedback if one.picture][-MOST_PICTURES:]
    return frozenset(
        one.picture for one in with_picture if datetime.fromisoformat(one.at) >= oldest
    )


def feedback_record(feedback: Feedback) -> Json:
    """Feedback as JSON; what is not known is left out."""
    record: dict[str, object] = {
        "feedback_id": feedback.feedback_id,
        "at": feedback.at,
        "verdict": str(feedback.verdict),
        "product_id": feedback.product_id,
        "other_product_id": feedback.other_product_id,
        "probability": feedback.probability,
        "appearance_id": feedback.appearance_id,
        "image_id": feedback.image_id,
        "picture": feedback.picture,
        "note": feedback.note,
        "by": feedback.by,
        "seen_version": feedback.seen_version,
    }
    return {key: value for key, value in record.items() if value not in (None, "")}


def feedback_from(record: Json) -> Feedback:
    """The feedback of `feedback_record`.

    Raises:
        Malformed: it is none.
    """
    probability = record.get("probability")
    if probability is not None and not isinstance(probability, int | float):
        raise Malformed("'probability' should be a number")
    said = text(record, "verdict")
    if said not in list(FeedbackVerdict):
        raise Malformed(f"unknown verdict {said!r}")
    return Feedback(
        feedback_id=text(record, "feedback_id"),
        at=text(record, "at"),
        verdict=FeedbackVerdict(said),
        product_id=text(record, "product_id"),
        other_product_id=_optional(record, "other_product_id") or None,
        probability=None if probability is None else float(probability),
        appearance_id=_optional(record, "appearance_id"),
        image_id=_optional(record, "image_id"),
        picture=_optional(record, "picture"),
        note=_optional(record, "note"),
        by=_optional(record, "by"),
        seen_version=number(record, "seen_version"),
    )


def _optional(record: Json, key: str) -> str:
    return text(record, key) if key in record else ""
