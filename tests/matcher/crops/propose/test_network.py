from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from matcher.crops.propose.network import ProposerNetwork, decode_proposals
from matcher.crops.propose.proposal import ProposalKind
from matcher.networks.runtime import Array, LoadedNetwork, NetworkFunction
from matcher.networks.weights import Network, Weights

PLACES = 4 * 4 + 2 * 2 + 1  # of an input of 32 pixels square
OF_FINE = 16  # the first place whose stride is 16 pixels


def raw_answer() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """One object: from the first place of stride 16, 8 pixels to each side but 16 down."""
    raw = np.full((74, PLACES), -20, np.float32)
    raw[:64] = 0
    for side, distance in enumerate((0.5, 0.5, 0.5, 1.0)):
        low = int(distance)
        raw[side * 16 + low, OF_FINE] = 30
        if distance != low:
            raw[side * 16 + low + 1, OF_FINE] = 30
    raw[64:72, OF_FINE] = (0, 0, 1, 0.25, 1, 1, 0, 1)
    raw[73, OF_FINE] = 3
    return raw


def loaded(kind: Network, functions: Mapping[str, NetworkFunction]) -> LoadedNetwork:
    return LoadedNetwork(Weights(kind, Path("none"), "", {"input_size": 32}), functions, {})


def fake_network() -> ProposerNetwork:
    def pyramid(*inputs: Array) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]:
        assert inputs[0].shape[1:] == (3, 32, 32)
        return (np.zeros(1, np.float32),) * 3

    def propose(*_: Array) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]:
        return (raw_answer()[None],)

    return ProposerNetwork(
        loaded(Network.IMAGE_FEATURES, {"pyramid": pyramid}),
        loaded(Network.PROPOSER, {"propose": propose}),
    )


def test_bins_become_sides_and_shares_corners() -> None:
    boxes, corners, scores, kinds = decode_proposals(raw_answer(), (32, 32), 0.5)
    assert boxes == pytest.approx(np.array([[0, 0, 16, 24]]), abs=0.01)
    assert corners[0] == pytest.approx(np.array([[0, 0], [16, 6], [16, 24], [0, 24]]), abs=0.01)
    assert scores == pytest.approx([1 / (1 + np.exp(-3))])
    assert kinds.tolist() == [1]


def test_places_below_the_least_score_are_left_out() -> None:
    assert len(decode_proposals(raw_answer(), (32, 32), 0.99)[0]) == 0


def test_boxes_are_answered_in_the_pixels_of_the_picture() -> None:
    picture = np.zeros((320, 320, 3), np.uint8)
    (found,) = fake_network().find(picture, 0.5, 10)
    box = found.box
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0, 0, 160, 240), abs=0.1)
    assert found.kind is ProposalKind.OBJECT
