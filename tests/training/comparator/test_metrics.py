"""Validation of the comparator."""

import numpy as np
import pytest

from training.comparator.metrics import area_under_roc

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_area_under_the_curve_is_the_probability_of_the_right_order() -> None:
    scores = np.array([0.1, 0.4, 0.35, 0.8])
    assert area_under_roc(scores, np.array([False, False, True, True])) == pytest.approx(0.75)
    assert area_under_roc(scores, np.zeros(4, bool)) == 0.5
