"""Keypoints averaged over warps."""

import numpy as np
import pytest
import torch

from superglue.superpoint import SuperPoint, SuperPointSizes
from training.augment.warps import inside
from training.superpoint.homographic_adaptation import adapt_keypoints

TINY = SuperPointSizes((4, 4, 8, 8), 8, 8)


pytestmark = pytest.mark.usefixtures("one_thread")


def net() -> SuperPoint:
    torch.manual_seed(0)
    return SuperPoint(TINY).eval()


def test_adapted_points_lie_in_the_picture_strongest_first() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (45, 50), np.uint8)
    found = adapt_keypoints(net(), grey, 2, np.random.default_rng(0))
    assert found.shape[1] == 2
    assert inside(found, 48, 40).all()
