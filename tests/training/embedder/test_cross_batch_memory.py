import numpy as np
import torch
from torch.nn import functional
from typing_extensions import override

from training.embedder.cross_batch_memory import CrossBatchMemory
from training.embedder.sampler import ViewBatch
from training.embedder.train import embedding_loss


def unit(*rows: tuple[float, float]) -> torch.Tensor:
    return functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=1)


def test_an_empty_memory_says_nothing() -> None:
    assert float(CrossBatchMemory(4).contrast(unit((1, 0)), torch.tensor([0]), 0.1)) == 0.0


def test_a_view_without_a_remembered_sibling_says_nothing() -> None:
    memory = CrossBatchMemory(4)
    memory.keep(unit((1, 0)), torch.tensor([7]))
    assert float(memory.contrast(unit((1, 0)), torch.tensor([0]), 0.1)) == 0.0


def test_the_loss_falls_when_remembered_siblings_agree() -> None:
    memory = CrossBatchMemory(4)
    memory.keep(unit((1, 0), (0, 1)), torch.tensor([0, 1]))
    right = memory.contrast(unit((1, 0)), torch.tensor([0]), 0.1)
    wrong = memory.contrast(unit((0, 1)), torch.tensor([0]), 0.1)
    assert float(right) < 0.01 < float(wrong)


def test_it_is_the_mean_over_siblings_of_their_share_among_all_that_is_remembered() -> None:
    views, labels = unit((1, 0), (1, 1), (0, 1), (-1, 1)), torch.tensor([0, 0, 1, 1])
    memory = CrossBatchMemory(4)
    memory.keep(views, labels)
    query = unit((1, 0.2))
    logits = query @ views.T / 0.1
    expected = -(logits - logits.logsumexp(1, keepdim=True))[0, :2].mean()
    assert torch.allclose(memory.contrast(query, torch.tensor([0]), 0.1), expected)


def test_the_oldest_views_are_forgotten_first() -> None:
    memory = CrossBatchMemory(2)
    memory.keep(unit((1, 0), (0, 1)), torch.tensor([0, 1]))
    memory.keep(unit((-1, 0)), torch.tensor([2]))
    assert len(memory) == 2
    assert float(memory.contrast(unit((1, 0)), torch.tensor([0]), 0.1)) == 0.0


def test_classes_that_may_be_one_are_never_remembered() -> None:
    memory = CrossBatchMemory(4, unsure=frozenset({1}))
    memory.keep(unit((1, 0), (0, 1)), torch.tensor([0, 1]))
    assert len(memory) == 1


def test_no_gradient_goes_through_what_is_remembered() -> None:
    memory = CrossBatchMemory(4)
    first = unit((1, 0)).requires_grad_()
    memory.keep(first, torch.tensor([0]))
    memory.keep(unit((0, 1)), torch.tensor([1]))
    second = unit((1, 1)).requires_grad_()
    memory.contrast(second, torch.tensor([0]), 0.1).backward()  # type: ignore[no-untyped-call]
    assert first.grad is None
    assert second.grad is not None


def test_a_batch_is_compared_with_what_is_remembered_and_then_remembered() -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 4), Unit())
    images = torch.rand(4, 3, 2, 2)
    batch = ViewBatch(np.zeros((4, 2, 2, 3), np.uint8), np.array([0, 0, 1, 1]))
    alone, memory = embedding_loss(net, images, batch), CrossBatchMemory(8)
    first = embedding_loss(net, images, batch, memory)
    assert len(memory) == 4
    assert torch.allclose(first, alone)
    assert embedding_loss(net, images, batch, memory) > alone


class Unit(torch.nn.Module):
    @override
    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return functional.normalize(vectors.float(), dim=1)
