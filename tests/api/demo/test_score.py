import numpy as np
import pytest

from api.demo.score import AppearanceOutcome, DemoAnswer, read_answer, score_answers
from client.records import EventJson
from training.render.scene.truth import TrueSighting, Truth, TruthAppearance, TruthFrame

RATE = 10.0


def square(
    left: float, top: float, side: float = 40.0
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
    return np.array(corners, np.float32)


def a_truth() -> Truth:
    """Tea on the left from 0 to 3 s, something unknown on the right from 2 to 5 s."""
    frames = []
    for index in range(60):
        time = index / RATE
        sightings = []
        if time <= 3:
            sightings.append(TrueSighting("tea", 1, square(10, 10), 1.0))
        if 2 <= time <= 5:
            sightings.append(TrueSighting("stranger", 2, square(100, 10), 1.0))
        frames.append(TruthFrame(index, time, tuple(sightings)))
    appearances = (
        TruthAppearance("tea", True, 0.0, 3.0),
        TruthAppearance("stranger", False, 2.0, 5.0),
    )
    return Truth(200, 100, RATE, tuple(frames), appearances)


def answer(product_id: str, time: float, x: float, y: float = 30.0) -> DemoAnswer:
    return DemoAnswer(product_id, 0.9, round(time * RATE), time, x, y)


def event(**changes: object) -> EventJson:
    line: EventJson = {
        "sequence": 1,
        "event": "confirmed",
        "catalog": "demo",
        "session_id": "s",
        "appearance_id": "s-1",
        "track_id": 1,
        "product_id": "tea",
        "verdict": "identical",
        "probability": 0.97,
        "box": [10.0, 20.0, 30.0, 60.0],
        "outline": [],
        "frame_index": 12,
        "media_time_s": 1.2,
        "timestamp": "",
        "frame_age_ms": 0.0,
        "late": False,
        "index_version": 1,
        "degraded": False,
    }
    return {**line, **changes}  # type: ignore[typeddict-item]


def test_the_right_name_in_the_right_place_finds_an_appearance() -> None:
    result = score_answers(a_truth(), [answer("tea", 1.0, 30), answer("tea", 2.0, 31)])
    tea, stranger = result.appearances
    assert (tea.outcome, tea.named_s, tea.probability) == (AppearanceOutcome.FOUND, 1.0, 0.9)
    assert stranger.outcome is AppearanceOutcome.STAYED_UNKNOWN
    assert result.passed


def test_without_an_answer_an_appearance_is_missed() -> None:
    result = score_answers(a_truth(), [])
    assert result.appearances[0].outcome is AppearanceOutcome.MISSED
    assert result.appearances[0].named_s is None
    assert not result.passed


def test_a_name_beside_the_product_is_wrong_and_finds_nothing() -> None:
    result = score_answers(a_truth(), [answer("tea", 1.0, 80)])
    assert result.appearances[0].outcome is AppearanceOutcome.MISSED
    (wrong,) = result.wrong_names
    assert wrong.covered == ()
    assert not result.passed


def test_a_name_where_the_product_has_left_is_wrong() -> None:
    result = score_answers(a_truth(), [answer("tea", 1.0, 30), answer("tea", 5.5, 30)])
    assert result.appearances[0].outcome is AppearanceOutcome.FOUND
    assert len(result.wrong_names) == 1
    assert not result.passed


def test_naming_the_unknown_is_a_wrong_name_of_its_own() -> None:
    result = score_answers(a_truth(), [answer("tea", 1.0, 30), answer("coffee", 4.0, 120)])
    assert [appearance.outcome for appearance in result.appearances] == [
        AppearanceOutcome.FOUND,
        AppearanceOutcome.NAMED,
    ]
    (wrong,) = result.wrong_names
    assert (wrong.answer.product_id, wrong.covered) == ("coffee", ("stranger",))
    assert not result.passed


def test_another_name_on_a_known_product_does_not_find_it() -> None:
    result = score_answers(a_truth(), [answer("coffee", 1.0, 30)])
    assert result.appearances[0].outcome is AppearanceOutcome.MISSED
    assert result.wrong_names[0].covered == ("tea",)


def test_an_answer_for_a_frame_that_the_clip_does_not_have_is_wrong() -> None:
    assert len(score_answers(a_truth(), [answer("tea", 50.0, 30)]).wrong_names) == 1


def test_answers_may_come_in_any_order() -> None:
    result = score_answers(a_truth(), [answer("tea", 2.5, 30), answer("tea", 0.5, 30)])
    assert result.appearances[0].named_s == 0.5


def test_an_identical_event_is_an_answer_in_the_middle_of_its_box() -> None:
    assert read_answer(event()) == DemoAnswer("tea", 0.97, 12, 1.2, 20.0, 40.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "similar"},
        {"verdict": "unknown", "product_id": None},
        {"product_id": None},
        {"event": "left"},
    ],
)
def test_an_event_without_a_name_or_a_place_is_no_answer(changes: dict[str, object]) -> None:
    assert read_answer(event(**changes)) is None
