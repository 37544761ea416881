from dataclasses import replace

import pytest

from matcher.imaging.box import Box
from matcher.results import KnownPrint, PrintEvidence
from matcher.verification.known_print import recall_print
from matcher.verification.verifier import Contest
from tests.matcher.decision.contests import contest, hypothesis

HERE, BESIDE = Box(100, 100, 200, 300), Box(400, 100, 500, 300)
APPLE, ORANGE = PrintEvidence("apple", 0.5), PrintEvidence("orange", -3.0)


def twins() -> Contest:
    return contest(hypothesis("apple", inliers=40), hypothesis("orange", inliers=38))


def recalled(*known: KnownPrint, leader: str = "apple") -> Contest | None:
    return recall_print(twins(), leader, HERE.padded(0.02), known)


def test_what_was_read_at_a_place_counts_again_there() -> None:
    again = recalled(KnownPrint(BESIDE, (ORANGE,)), KnownPrint(HERE, (APPLE, ORANGE)))
    assert again is not None
    assert [item.words for item in again.hypotheses] == [0.5, -3.0]
    assert not again.is_read


@pytest.mark.parametrize(
    "known",
    [(), (KnownPrint(BESIDE, (APPLE,)),), (KnownPrint(HERE, (ORANGE,)),), (KnownPrint(HERE),)],
    ids=["nothing", "elsewhere", "of another product", "without words"],
)
def test_otherwise_words_are_still_to_be_read(known: tuple[KnownPrint, ...]) -> None:
    assert recalled(*known) is None


def test_what_is_called_so_already_is_not_read_and_nothing_is_added() -> None:
    plain = recalled(KnownPrint(HERE, name="apple"))
    assert plain is not None
    assert [item.words for item in plain.hypotheses] == [0.0, 0.0]
    assert recalled(KnownPrint(HERE, name="apple"), leader="orange") is None


def test_a_product_that_was_not_in_the_reading_gets_nothing() -> None:
    again = recalled(KnownPrint(HERE, (replace(APPLE, log_ratio=0.2),)))
    assert again is not None
    assert [item.words for item in again.hypotheses] == [0.2, 0.0]
