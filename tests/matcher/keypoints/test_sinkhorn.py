"""NumPy's Sinkhorn and pairs against torch's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.keypoints.sinkhorn import assignment_probabilities, select_mutual_pairs


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    spread=st.sampled_from([0.1, 3.0, 30.0, 200.0]),
    iterations=st.sampled_from([1, 20, 100]),
    seed=st.integers(0, 99),
)
def test_the_plan_and_its_pairs_are_those_of_torch(
    rows: int, columns: int, spread: float, iterations: int, seed: int
) -> None:
    import torch

    from superglue.sinkhorn import log_assignment

    scores = np.random.default_rng(seed).normal(size=(rows, columns), scale=spread)
    scores = scores.astype(np.float32)
    masks = torch.ones(1, rows, dtype=torch.bool), torch.ones(1, columns, dtype=torch.bool)
    expected = log_assignment(
        torch.from_numpy(scores)[None].double(), torch.tensor(0.7), *masks, iterations
    )

    plan = assignment_probabilities(scores, 0.7, iterations)

    np.testing.assert_allclose(plan, expected[0, :-1, :-1].exp().numpy(), atol=2e-4)


def test_pairs_are_those_of_torch() -> None:
    import torch

    from superglue.assignment import mutual_matches
    from superglue.sinkhorn import log_assignment

    scores = torch.randn(12, 9, generator=torch.Generator().manual_seed(0)) * 4
    masks = torch.ones(1, 12, dtype=torch.bool), torch.ones(1, 9, dtype=torch.bool)
    logarithms = log_assignment(scores[None], torch.tensor(1.0), *masks, 50)
    expected = mutual_matches(logarithms, 0.2)

    rows, columns, values = select_mutual_pairs(logarithms[0, :-1, :-1].exp().double().numpy(), 0.2)

    partners = expected.matches0[0].numpy()
    assert len(rows) > 3
    np.testing.assert_array_equal(rows, np.flatnonzero(partners >= 0))
    np.testing.assert_array_equal(columns, partners[rows])
    np.testing.assert_allclose(values, expected.scores0[0].numpy()[rows], atol=1e-6)


@pytest.mark.parametrize("score", [-1e4, 1e4])
def test_extreme_scores_stay_finite(score: float) -> None:
    scores = np.zeros((3, 4), dtype=np.float32)
    scores[1, 2] = score

    plan = assignment_probabilities(scores, 1.0, 100)

    assert np.isfinite(plan).all()
    assert (plan[1, 2] > 0.99) == (score > 0)
