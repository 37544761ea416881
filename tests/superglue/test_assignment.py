"""Matches read off a matrix of log-probabilities."""

import torch

from superglue.assignment import mutual_matches

# Two keypoints and three, with a dustbin each.
PROBABILITIES = torch.tensor(
    [[0.6, 0.1, 0.1, 0.2], [0.7, 0.15, 0.05, 0.1], [0.1, 0.2, 0.8, 0.0]]
).log()[None]


def test_only_pairs_that_are_each_others_best_match() -> None:
    assignment = mutual_matches(PROBABILITIES, threshold=0.0)
    assert assignment.matches0.tolist() == [[-1, 0]]
    assert assignment.matches1.tolist() == [[1, -1, -1]]
    torch.testing.assert_close(assignment.scores0, torch.tensor([[0.0, 0.7]]))
    torch.testing.assert_close(assignment.scores1, torch.tensor([[0.7, 0.0, 0.0]]))


def test_a_pair_at_the_threshold_is_unmatched_but_keeps_its_score() -> None:
    assignment = mutual_matches(PROBABILITIES, threshold=0.75)
    assert assignment.matches0.tolist() == [[-1, -1]]
    assert assignment.matches1.tolist() == [[-1, -1, -1]]
    assert assignment.scores0[0, 1] > 0


def test_rounding_makes_no_probability_above_one() -> None:
    certain = torch.full((1, 2, 2), -30.0)
    certain[0, 0, 0] = 1e-6
    assert mutual_matches(certain, threshold=0.2).scores0.tolist() == [[1.0]]
