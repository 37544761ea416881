"""How much an aligned picture differs from its reference."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.networks.grids import COMPARED_CELL
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights
from matcher.retrieval.reference import ReferenceView
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.alignment import AlignmentScore, WarpedQuery, score_alignment
from matcher.verification.comparator import (
    AlignedPair,
    NetworkComparator,
    PlainComparator,
    cell_shares,
    mean_difference,
    prepare_pair,
    stack_padded,
)
from matcher.verification.twin_test import TwinTest
from matcher.verification.verifier import Query, Verifier
from tests.matcher.prints import held_up, printed, reference_of, root_sift


def comparison(reference: NDArray[np.uint8], query: NDArray[np.uint8]) -> AlignedPair:
    everywhere = np.ones(reference.shape[:2], bool)
    look, warped = ReferenceView(reference, everywhere, 1.0), WarpedQuery(query, everywhere)
    return AlignedPair(look, warped, score_alignment(look, warped))


def small(seed: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(printed(seed)[:184, :120])


def test_without_a_network_another_print_differs_more_than_the_same() -> None:
    same, other = comparison(small(1), small(1)), comparison(small(1), small(2))
    differences = PlainComparator().differences([same, other])
    assert differences[0] < differences[1] - 2
    assert differences[1] <= 0


def test_without_a_network_what_is_not_there_at_all_is_different() -> None:
    hopeless = AlignedPair(
        ReferenceView(small(1), np.ones((184, 120), bool), 1.0),
        WarpedQuery(small(2), np.zeros((184, 120), bool)),
        AlignmentScore(0.0, 0.0, 100.0),
    )
    assert PlainComparator().differences([hopeless]).tolist() == [0.0]
    assert len(PlainComparator().differences([])) == 0


def test_only_cells_in_view_count() -> None:
    logits = np.full((4, 5), 3.0, np.float32)
    logits[:2, :3] = -2.0
    visible = np.zeros((30, 38), bool)
    visible[: 2 * COMPARED_CELL, : 3 * COMPARED_CELL] = True
    assert mean_difference(logits, visible) == pytest.approx(-2.0)


def test_what_is_hardly_in_view_is_neither_the_same_nor_another() -> None:
    sliver = np.zeros((32, 32), bool)
    sliver[:, :6] = True
    sliver[8:] = False
    assert mean_difference(np.full((4, 4), 9.0, np.float32), sliver) == 0.0


def test_no_single_cell_outweighs_all_others() -> None:
    logits = np.full((4, 4), -1.0, np.float32)
    logits[0, 0] = 1e6
    assert mean_difference(logits, np.ones((32, 32), bool)) == pytest.approx((6 - 15) / 16)


def test_what_is_likelier_different_than_not_is_simply_different() -> None:
    everywhere = np.ones((32, 32), bool)
    assert mean_difference(np.full((4, 4), 0.5, np.float32), everywhere) == 0.0
    assert mean_difference(np.full((4, 4), 5.0, np.float32), everywhere) == 0.0


def test_cells_know_how_much_of_them_a_mask_covers() -> None:
    mask = np.zeros((12, 16), bool)
    mask[:8, :4] = True
    assert cell_shares(mask, 2, 2).tolist() == [[0.5, 0.0], [0.0, 0.0]]


def test_pictures_of_any_size_share_a_white_sheet_of_whole_cells() -> None:
    black = np.zeros((10, 20, 3), np.uint8)
    sheet = stack_padded([black, black[:8, :8]], 10, 20)
    assert sheet.shape == (2, 3, 16, 24)
    assert sheet[0, :, :10, :20].max() == 0.0
    assert sheet[1, :, 8:].min() == sheet[1, :, :, 8:].min() == 1.0


def test_the_picture_is_compared_at_the_reference_s_exposure() -> None:
    reference = small(3)
    dark = (reference * 0.5).astype(np.uint8)
    one = comparison(reference, dark)
    _, balanced = prepare_pair(one.view, one.warped)
    gap = np.abs(balanced.astype(int) - reference)
    assert np.median(gap) < 4 < np.median(np.abs(dark.astype(int) - reference))


def test_a_picture_out_of_view_is_left_as_it_is() -> None:
    look = ReferenceView(small(3), np.ones((184, 120), bool), 1.0)
    unseen = WarpedQuery(small(4), np.zeros((184, 120), bool))
    assert prepare_pair(look, unseen)[1] is unseen.picture


def test_the_fast_network_says_what_the_reference_says(
    random_weights: dict[Network, Weights], openvino: OpenVinoRuntime, reference: Runtime
) -> None:
    weights = random_weights[Network.COMPARATOR]
    pairs = [comparison(small(1), small(1)), comparison(small(2)[:100], small(3)[:100])]
    fast, exact = (
        NetworkComparator(runtime.load(weights)).differences(pairs)
        for runtime in (openvino, reference)
    )
    assert fast.shape == (2,)
    assert fast == pytest.approx(exact, abs=0.1)


def test_company_does_not_change_the_difference_of_a_pair(
    random_weights: dict[Network, Weights], reference: Runtime
) -> None:
    comparator = NetworkComparator(reference.load(random_weights[Network.COMPARATOR]))
    pair, other = comparison(small(1), small(2)), comparison(small(3), small(3))
    alone, beside = comparator.differences([pair]), comparator.differences([pair, other])
    assert beside[0] == pytest.approx(alone[0], abs=1e-4)
    assert len(comparator.differences([])) == 0


def test_every_hypothesis_gets_the_difference_of_the_comparator() -> None:
    class Counting:
        def differences(self, comparisons: Sequence[AlignedPair]) -> NDArray[np.float32]:
            return np.array([-1.5 - place for place in range(len(comparisons))], np.float32)

    known = reference_of(printed(1))
    picture = held_up(printed(1))
    query = Query(picture, root_sift().extract(picture, 1500))
    verifier = Verifier(NearestNeighbourMatcher(), TwinTest(), ColourEmbedder(), Counting())
    contests = verifier.verify(query, [known])
    assert contests
    assert [hypothesis.difference for hypothesis in contests[0].hypotheses] == [-1.5]
