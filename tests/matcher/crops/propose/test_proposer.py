import numpy as np
from numpy.typing import NDArray

from matcher.crops.propose.network import ProposedBox
from matcher.crops.propose.proposal import ProposalKind
from matcher.crops.propose.proposer import CropProposer
from matcher.imaging.box import Box
from tests.matcher.crops.propose.test_quadrilateral import BELIEVED, painting


class _Given:
    """Finds what it was given; notes the lowest score that it was asked for."""

    def __init__(self, *candidates: ProposedBox) -> None:
        self._candidates = candidates
        self.least = 0.0

    def find(self, image: NDArray[np.uint8], least: float, most: int) -> tuple[ProposedBox, ...]:
        assert image.dtype == np.uint8
        self.least = least
        return self._candidates[:most]


PAINTING = ProposedBox(Box(60, 40, 250, 190), ProposalKind.PAINTING, 0.9, BELIEVED + 3.0)
VASE = ProposedBox(Box(5, 150, 45, 230), ProposalKind.OBJECT, 0.4, np.zeros((4, 2)))
PICTURE = painting(BELIEVED)


def test_a_painting_has_fitted_corners_and_an_object_none() -> None:
    first, second, whole = CropProposer(_Given(VASE, PAINTING)).propose(PICTURE)
    assert first.kind is ProposalKind.PAINTING
    assert first.corners is not None
    assert np.abs(first.corners - BELIEVED).max() < 1
    assert (second.kind, second.corners) == (ProposalKind.OBJECT, None)
    assert whole.box == Box(0, 0, 320, 240)


def test_a_painting_without_visible_edges_has_no_corners() -> None:
    wall = np.full((240, 320, 3), 90, np.uint8)
    assert CropProposer(_Given(PAINTING)).propose(wall)[0].corners is None


def test_a_tap_brings_another_thing_first_and_looks_for_fainter_ones() -> None:
    source = _Given(PAINTING, VASE)
    proposer = CropProposer(source)
    assert proposer.propose(PICTURE)[0].kind is ProposalKind.PAINTING
    usual = source.least
    assert proposer.propose(PICTURE, (20, 200))[0].kind is ProposalKind.OBJECT
    assert source.least < usual


def test_where_nothing_stands_out_the_whole_is_meant_with_low_confidence() -> None:
    faint = ProposedBox(VASE.box, VASE.kind, 0.01, VASE.corners)
    for source in (_Given(), _Given(faint)):
        (only,) = CropProposer(source).propose(PICTURE)
        assert (only.kind, only.box) == (ProposalKind.WHOLE, Box(0, 0, 320, 240))
        assert only.confidence < 0.2


def test_there_are_no_more_answers_than_the_limit() -> None:
    proposer = CropProposer(_Given(PAINTING, VASE))
    assert [len(proposer.propose(PICTURE, limit=limit)) for limit in (1, 2, 3)] == [1, 2, 3]
    assert proposer.propose(PICTURE, limit=1)[0].kind is ProposalKind.PAINTING
