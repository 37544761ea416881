from dataclasses import replace

import numpy as np
import pytest

from matcher.decision.explain import Explanation, StageTraces, explain
from matcher.imaging.box import Box
from matcher.results import Candidate, Detection, Match, Verdict, Verification
from matcher.retrieval.shortlist import Shortlist
from matcher.words.comparison import WordComparison, WordOutcome
from tests.matcher.prints import upright

BOX = Box(10, 10, 110, 110)


def matched(product_id: str, probability: float, agreement: float = 0.6) -> Match:
    proof = Verification(
        product_id, "i", 40, np.zeros((0, 4), np.float32), upright(10, 10, 100, 100), 0.5, agreement
    )
    candidates = (Candidate("asked", 0.7, probability), Candidate("rival", 0.6, 0.9))
    return Match(Detection(BOX, 1.0), Verdict.IDENTICAL, product_id, probability, proof, candidates)


TRACES = StageTraces(
    detections=(Detection(BOX, 0.9),),
    shortlist=Shortlist(("asked", "rival"), (), {"asked": 0.7, "rival": 0.6}),
    shortlist_size=12,
    keypoints=500,
    pairs=80,
    match=matched("asked", 0.95),
    threshold=0.8,
)


def lost_at(traces: StageTraces) -> str | None:
    return explain("asked", traces).lost_at


def sentence(explanation: Explanation, name: str) -> str:
    return next(gate.sentence for gate in explanation.gates if gate.name == name)


def test_a_product_that_is_the_answer_passes_every_gate() -> None:
    explanation = explain("asked", TRACES)
    names = ["detector", "shortlist", "keypoints", "inliers", "agreement", "decision"]
    assert [gate.name for gate in explanation.gates] == names
    assert all(gate.passed for gate in explanation.gates)
    assert explanation.lost_at is None
    assert "rank 1 of 2" in sentence(explanation, "shortlist")


@pytest.mark.parametrize(
    ("traces", "gate"),
    [
        (replace(TRACES, shortlist=Shortlist(("rival",), (), {})), "shortlist"),
        (replace(TRACES, pairs=2), "keypoints"),
        (replace(TRACES, match=None), "inliers"),
        (replace(TRACES, match=matched("asked", 0.95, agreement=0.05)), "agreement"),
        (replace(TRACES, match=matched("asked", 0.5)), "decision"),
    ],
)
def test_the_first_gate_that_fails_is_named(traces: StageTraces, gate: str) -> None:
    assert lost_at(traces) == gate


def test_a_detector_that_saw_nothing_loses_nothing_by_itself() -> None:
    explanation = explain("asked", replace(TRACES, detections=()))
    assert not explanation.gates[0].passed
    assert explanation.lost_at is None


def test_a_rival_that_fits_better_is_named() -> None:
    explanation = explain("asked", replace(TRACES, match=matched("rival", 0.1)))
    assert "rival" in sentence(explanation, "inliers")
    assert "rival" in sentence(explanation, "agreement")
    assert explanation.lost_at == "decision"


def test_nothing_at_all_still_explains_itself() -> None:
    nothing = StageTraces((), Shortlist((), (), {}), 12, 0, 0, None, 0.8)
    explanation = explain("asked", nothing)
    assert explanation.lost_at == "shortlist"
    assert not any(gate.passed for gate in explanation.gates)
    assert explanation.match is None


def test_words_that_were_read_are_a_gate_and_those_that_contradict_are_named() -> None:
    same = WordComparison("ARLA", "ARLA", WordOutcome.AGREES)
    other = WordComparison("SOMMARFIL", "GRÄDDFIL", WordOutcome.CONTRADICTS)
    explanation = explain("asked", replace(TRACES, readings=(same, other)))
    assert explanation.lost_at == "words"
    expected = "the photo reads GRÄDDFIL where the reference reads SOMMARFIL"
    assert sentence(explanation, "words").startswith(expected)
    assert "ARLA" in sentence(explanation, "words")
    assert explain("asked", replace(TRACES, readings=(same,))).lost_at is None


def test_words_that_are_not_in_the_photo_lose_nothing() -> None:
    missing = WordComparison("SOMMARFIL", "", WordOutcome.UNREAD)
    explanation = explain("asked", replace(TRACES, readings=(missing,)))
    assert explanation.lost_at is None
    assert "none of the reference's 1 words" in sentence(explanation, "words")


def test_words_that_did_not_count_lose_nothing_and_are_shown() -> None:
    other = WordComparison("sommarfil", "gräddfil", WordOutcome.CONTRADICTS)
    explanation = explain("asked", replace(TRACES, readings=(other,), words_count=False))
    assert explanation.lost_at is None
    assert "gräddfil" in sentence(explanation, "words")
    assert "did not count" in sentence(explanation, "words")
