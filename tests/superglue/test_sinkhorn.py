"""Optimal transport: marginals, padding, emptiness."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from superglue.sinkhorn import log_assignment


def places(batch: int, real: int, length: int) -> Tensor:
    return (torch.arange(length) < real).expand(batch, length)


def transport(scores: Tensor, iterations: int = 100) -> Tensor:
    rows, columns = scores.shape
    ones0, ones1 = places(1, rows, rows), places(1, columns, columns)
    return log_assignment(scores[None], torch.tensor(0.5), ones0, ones1, iterations)[0]


@settings(deadline=None, max_examples=30)
@given(rows=st.integers(1, 12), columns=st.integers(1, 12), seed=st.integers(0, 99))
def test_rows_and_columns_sum_to_their_mass(rows: int, columns: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    plan = transport(torch.randn(rows, columns, generator=generator) * 3).exp()

    torch.testing.assert_close(plan[:-1].sum(1), torch.ones(rows), atol=1e-3, rtol=0)
    torch.testing.assert_close(plan[:, :-1].sum(0), torch.ones(columns), atol=1e-3, rtol=0)
    assert float(plan[-1].sum()) == pytest.approx(columns, abs=1e-2)
    assert float(plan[:, -1].sum()) == pytest.approx(rows, abs=1e-2)


def test_swapping_the_sides_transposes_a_converged_plan() -> None:
    scores = torch.randn(5, 8)

    torch.testing.assert_close(
        transport(scores, 500), transport(scores.T, 500).T, atol=1e-4, rtol=1e-4
    )


def test_padding_changes_nothing() -> None:
    scores = torch.randn(4, 6)
    padded = torch.randn(1, 9, 7) * 50
    padded[0, :4, :6] = scores

    plan = log_assignment(padded, torch.tensor(0.5), places(1, 4, 9), places(1, 6, 7), 100)[0]
    alone = transport(scores)

    torch.testing.assert_close(plan[:4, :6], alone[:-1, :-1])
    torch.testing.assert_close(plan[-1, :6], alone[-1, :-1])
    torch.testing.assert_close(plan[:4, -1], alone[:-1, -1])
    assert bool((plan[4:-1].exp() == 0).all())


@pytest.mark.parametrize(("real0", "real1"), [(0, 3), (3, 0), (0, 0)])
def test_an_empty_side_gives_no_nan_and_all_mass_to_the_dustbin(real0: int, real1: int) -> None:
    scores = torch.randn(1, 3, 3)

    plan = log_assignment(scores, torch.tensor(1.0), places(1, real0, 3), places(1, real1, 3), 20)

    assert bool(plan.isfinite().all())
    assert bool((plan[0, :3, :3].exp() == 0).all())
    torch.testing.assert_close(plan[0, -1, :real1].exp(), torch.ones(real1))
    torch.testing.assert_close(plan[0, :real0, -1].exp(), torch.ones(real0))


def test_half_precision_scores_are_normalised_in_float32() -> None:
    ones = places(1, 4, 4)

    plan = log_assignment(torch.randn(1, 4, 4).bfloat16(), torch.tensor(1.0), ones, ones, 50)

    assert plan.dtype == torch.float32
    torch.testing.assert_close(plan[0].exp()[:, :-1].sum(0), torch.ones(4))


def test_gradients_are_finite_with_padding_and_with_an_empty_side() -> None:
    scores = torch.randn(2, 3, 4, requires_grad=True)
    mask0 = torch.tensor([[True, True, False], [False, False, False]])

    plan = log_assignment(scores, torch.tensor(1.0), mask0, places(2, 4, 4), 20)
    (gradient,) = torch.autograd.grad(plan[:, :2, :4].clamp(min=-50).sum(), scores)

    assert bool(gradient.isfinite().all())
    assert bool((gradient[0, :2] != 0).any())
