"""Batches of keypoints."""

import pytest
import torch

from superglue.keypoints import KeypointBatch


def batch(count: int) -> KeypointBatch:
    points = torch.arange(2.0 * count).reshape(count, 2)
    return KeypointBatch.of(points, torch.ones(count), torch.ones(count, 8), (40, 20))


def test_pictures_are_padded_to_the_longest_and_masked() -> None:
    joined = KeypointBatch.stack([batch(3), batch(0), batch(1)])
    assert joined.mask.tolist() == [[True] * 3, [False] * 3, [True, False, False]]
    assert joined.points.shape == (3, 3, 2)
    assert joined.descriptors.shape == (3, 3, 8)
    assert joined.sizes.tolist() == [[40.0, 20.0]] * 3


def test_padding_never_removes_keypoints() -> None:
    assert batch(3).padded(2).scores.shape == (1, 3)
    assert batch(3).padded(5).scores.shape == (1, 5)


def test_positions_are_centred_and_scaled_by_the_longer_side() -> None:
    points = torch.tensor([[20.0, 10.0], [40.0, 10.0]])
    geometry = KeypointBatch.of(points, torch.ones(2), torch.ones(2, 8), (40, 20)).geometry(
        oriented=False
    )
    assert geometry[0, 0].tolist() == [0.0, 0.0, 1.0]
    assert geometry[0, 1].tolist() == pytest.approx([20 / (0.7 * 40), 0.0, 1.0])
