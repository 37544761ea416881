import numpy as np

from matcher.crops.propose.network import ProposedBox
from matcher.crops.propose.proposal import ProposalKind
from matcher.crops.propose.ranking import rank_candidates
from matcher.imaging.box import Box

WIDTH, HEIGHT = 300, 200


def candidate(box: Box, score: float = 0.5) -> ProposedBox:
    return ProposedBox(box, ProposalKind.OBJECT, score, np.zeros((4, 2)))


MIDDLE = candidate(Box(110, 60, 190, 140))
CORNER = candidate(Box(0, 0, 80, 80))


def test_of_two_alike_the_central_one_is_meant() -> None:
    ranked = rank_candidates([CORNER, MIDDLE], WIDTH, HEIGHT)
    assert ranked[0][0] is MIDDLE
    assert ranked[0][1] > ranked[1][1]


def test_a_score_that_is_much_higher_beats_the_middle() -> None:
    sure = candidate(CORNER.box, 0.97)
    assert rank_candidates([MIDDLE, sure], WIDTH, HEIGHT)[0][0] is sure


def test_a_tap_overrules_the_middle_and_the_score() -> None:
    faint = candidate(CORNER.box, 0.02)
    ranked = rank_candidates([MIDDLE, faint], WIDTH, HEIGHT, (20, 30))
    assert ranked[0][0] is faint
    assert ranked[0][1] > 0.9 > 0.1 > ranked[1][1]


def test_a_tap_beside_everything_changes_nothing() -> None:
    beside = rank_candidates([MIDDLE, CORNER], WIDTH, HEIGHT, (290.0, 190.0))
    assert beside == rank_candidates([MIDDLE, CORNER], WIDTH, HEIGHT)


def test_of_two_things_under_a_tap_the_smaller_is_meant() -> None:
    around = candidate(Box(0, 0, 160, 160))
    assert rank_candidates([around, CORNER], WIDTH, HEIGHT, (40, 40))[0][0] is CORNER


def test_confidences_stay_between_0_and_1_whatever_the_scores() -> None:
    edge = [candidate(MIDDLE.box, 0.0), candidate(CORNER.box, 1.0)]
    for point in (None, (150.0, 100.0), (0.0, 0.0)):
        assert all(0 <= sure <= 1 for _, sure in rank_candidates(edge, WIDTH, HEIGHT, point))


def test_an_alternative_that_covers_a_better_box_by_half_is_none() -> None:
    looser = candidate(Box(100, 60, 190, 140), 0.4)
    part = candidate(Box(110, 60, 150, 95), 0.4)
    for point in (None, (150.0, 100.0)):
        ranked = rank_candidates([looser, part, MIDDLE], WIDTH, HEIGHT, point)
        assert [box for box, _ in ranked] == [MIDDLE, part]
