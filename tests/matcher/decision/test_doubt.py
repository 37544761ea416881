from dataclasses import replace

import pytest

from matcher.decision.decision import Decision, DecisionWeights
from matcher.decision.doubt import Doubted, is_in_doubt
from matcher.verification.verifier import Contest
from tests.matcher.decision.contests import contest, hypothesis

# Only the inliers count: 20 make a product likely, 400 surely.
DECISION = Decision(
    DecisionWeights(
        bias=-10.0, inliers=3.3, scarcity=0, correlation=0, chroma=0, lead=0, twin_print=0,
        twin_colour=0, unknown_share=0.5,
    ),
    threshold=0.9,
)  # fmt: skip


def of_inliers(*inliers: int, difference: float = -5.0) -> Contest:
    rivals = [
        replace(hypothesis(str(number), inliers=count), difference=difference)
        for number, count in enumerate(inliers)
    ]
    return contest(*rivals)


@pytest.mark.parametrize(
    ("found", "doubtful"),
    [
        (of_inliers(5), False),
        (of_inliers(22), False),
        (of_inliers(38), True),
        (of_inliers(30, 30), True),
        (of_inliers(400), False),
        (of_inliers(400, 200), True),
        (of_inliers(400, 10), False),
        (of_inliers(400, difference=-1.0), True),
    ],
    ids=["hopeless", "likely", "nearly", "one of two", "sure", "a twin", "no rival", "flavour"],
)
def test_words_are_read_where_the_answer_is_not_beyond_doubt(
    found: Contest, *, doubtful: bool
) -> None:
    assert is_in_doubt(found, DECISION) is doubtful


def test_in_a_frame_only_a_look_that_would_confirm_is_doubted() -> None:
    assert not is_in_doubt(of_inliers(38), DECISION, Doubted.CONFIRMING)
    assert is_in_doubt(of_inliers(400, difference=-1.0), DECISION, Doubted.CONFIRMING)
    assert not is_in_doubt(of_inliers(400, difference=-1.0), DECISION, Doubted.NONE)


def test_what_words_say_enters_the_odds() -> None:
    plain = of_inliers(20)
    doubted = contest(replace(plain.hypotheses[0], words=-3.0))
    assert DECISION.rank(doubted)[0].probability < DECISION.rank(plain)[0].probability / 3
