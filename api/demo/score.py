"""Compares the answers for a rendered clip with the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from typing_extensions import TypedDict

from client.records import EventJson
from matcher.results import Verdict
from matcher.tracking.events import EventKind
from training.render.scene.truth import LONGEST_GAP_S, Truth, TruthAppearance


class AppearanceOutcome(StrEnum):
    """Outcome of one appearance of the truth."""

    FOUND = "found"
    MISSED = "missed"
    STAYED_UNKNOWN = "stayed unknown"
    NAMED = "named"


@dataclass(frozen=True, slots=True)
class DemoAnswer:
    """An `identical` answer.

    Attributes:
        product_id: the name that was given.
        probability: that came with it.
        frame_index: when.
        media_time_s: seconds of the clip.
        x: middle of its box, pixels.
        y: middle of its box, pixels.
    """

    product_id: str
    probability: float
    frame_index: int
    media_time_s: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ScoredAppearance:
    """One appearance of the truth with its answers.

    Attributes:
        product_id: the true one.
        known: whether the catalog holds it.
        from_s: seconds, when it comes into view.
        to_s: seconds, when it leaves.
        outcome: found or missed; for a product that is not in the catalog, unknown or named.
        named_s: seconds, the first right answer; None when there is none.
        probability: the highest that came with a right answer; None when there is none.
    """

    product_id: str
    known: bool
    from_s: float
    to_s: float
    outcome: AppearanceOutcome
    named_s: float | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class DemoWrongName:
    """An answer whose place covers another product, or none.

    Attributes:
        answer: what was said.
        covered: the products really there, none for background.
    """

    answer: DemoAnswer
    covered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoScore:
    """The whole clip.

    Attributes:
        appearances: in order of time.
        wrong_names: in order of time.
    """

    appearances: tuple[ScoredAppearance, ...]
    wrong_names: tuple[DemoWrongName, ...]

    @property
    def passed(self) -> bool:
        """Whether all was found, nothing named wrongly, and the unknown stayed unknown."""
        good = (AppearanceOutcome.FOUND, AppearanceOutcome.STAYED_UNKNOWN)
        return not self.wrong_names and all(
            appearance.outcome in good for appearance in self.appearances
        )


def read_answer(event: EventJson) -> DemoAnswer | None:
    """Return the answer of an event; None without a name, and for `left`, which has no place."""
    product_id = event["product_id"]
    if product_id is None or event["verdict"] != Verdict.IDENTICAL:
        return None
    if event["event"] == EventKind.LEFT:
        return None
    left, top, right, bottom = event["box"]
    return DemoAnswer(
        product_id,
        event["probability"],
        event["frame_index"],
        event["media_time_s"],
        (left + right) / 2,
        (top + bottom) / 2,
    )


def score_answers(truth: Truth, answers: Sequence[DemoAnswer]) -> DemoScore:
    """Judge answers against the truth.

    An appearance is found when an answer with its product lies, with its middle, inside one of
    the product's true outlines of that frame. Every other answer is a wrong name.
    """
    judged = [(answer, _covered(truth, answer)) for answer in sorted(answers, key=_moment)]
    wrong = [
        DemoWrongName(answer, covered)
        for answer, covered in judged
        if answer.product_id not in covered
    ]
    scored = [_scored(appearance, judged) for appearance in truth.appearances]
    return DemoScore(tuple(scored), tuple(wrong))


def _moment(answer: DemoAnswer) -> tuple[int, str]:
    return answer.frame_index, answer.product_id


def _covered(truth: Truth, answer: DemoAnswer) -> tuple[str, ...]:
    if not 0 <= answer.frame_index < len(truth.frames):
        return ()
    sightings = truth.frames[answer.frame_index].sightings
    names = [sighting.product_id for sighting in sightings if sighting.covers(answer.x, answer.y)]
    return tuple(dict.fromkeys(names))


def _scored(
    appearance: TruthAppearance, judged: Sequence[tuple[DemoAnswer, tuple[str, ...]]]
) -> ScoredAppearance:
    about = [
        answer
        for answer, covered in judged
        if appearance.product_id in covered and _overlaps(appearance, answer)
    ]
    right = [answer for answer in about if answer.product_id == appearance.product_id]
    if appearance.known:
        outcome = AppearanceOutcome.FOUND if right else AppearanceOutcome.MISSED
    else:
        outcome = AppearanceOutcome.NAMED if about else AppearanceOutcome.STAYED_UNKNOWN
    return ScoredAppearance(
        appearance.product_id,
        appearance.known,
        appearance.from_s,
        appearance.to_s,
        outcome,
        right[0].media_time_s if right else None,
        max(answer.probability for answer in right) if right else None,
    )


def _overlaps(appearance: TruthAppearance, answer: DemoAnswer) -> bool:
    """An answer may come while the product is still coming in."""
    slack = LONGEST_GAP_S
    return appearance.from_s - slack <= answer.media_time_s <= appearance.to_s + slack


class AppearanceJson(TypedDict):
    """One line of `demo --json`: an appearance of the truth, and what was said of it."""

    product_id: str
    known: bool
    from_s: float
    to_s: float
    outcome: str
    named_s: float | None
    probability: float | None


def appearance_json(one: ScoredAppearance) -> AppearanceJson:
    """An appearance of the demo's truth."""
    return {
        "product_id": one.product_id,
        "known": one.known,
        "from_s": round(one.from_s, 3),
        "to_s": round(one.to_s, 3),
        "outcome": str(one.outcome),
        "named_s": None if one.named_s is None else round(one.named_s, 3),
        "probability": None if one.probability is None else round(one.probability, 4),
    }
