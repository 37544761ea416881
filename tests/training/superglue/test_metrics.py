"""Validation of pairing."""

import numpy as np
import pytest

from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from tests.training.superglue.pairing import keypoints, moved
from training.superglue.metrics import harmonic_mean, measure_pairing
from training.superglue.pairs import (
    DUSTBIN,
    Relation,
    TrainingPair,
)


def test_figures_count_right_wrong_and_drawn_pairs() -> None:
    reference = keypoints(10, 0)
    query = moved(reference, 3.0)
    truth = np.arange(10)
    shown = TrainingPair(query, reference, truth, truth, False, Relation.SHOWN)
    alone = np.full(10, DUSTBIN)
    twin = TrainingPair(query, reference, alone, alone, False, Relation.TWIN)
    matcher = NearestNeighbourMatcher()

    figures = measure_pairing([shown, twin], lambda one, two: matcher.match(one, [two])[0])

    assert figures["flat_precision"] == figures["flat_recall"] == 1.0
    assert figures["twin_drawn"] == pytest.approx(10 / 50)
    assert figures["other_drawn"] == 0.0
    assert harmonic_mean(figures, "flat") == pytest.approx(1.0)
    assert harmonic_mean(figures, "photo") == 0.0
