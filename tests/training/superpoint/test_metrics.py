"""Validation of keypoints."""

import numpy as np
import pytest
import torch

from superglue.superpoint import SuperPoint, SuperPointSizes
from training.superpoint.metrics import measure_keypoints

TINY = SuperPointSizes((4, 4, 8, 8), 8, 8)


pytestmark = pytest.mark.usefixtures("one_thread")


def net() -> SuperPoint:
    torch.manual_seed(0)
    return SuperPoint(TINY).eval()


def test_figures_of_an_untrained_network_are_shares() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 72, 3), np.uint8)
    figures = measure_keypoints(net(), [picture])
    assert all(0 <= value <= 1 for value in figures.values())
    assert set(measure_keypoints(net(), []).values()) == {0.0}
