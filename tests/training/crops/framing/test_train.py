from pathlib import Path

import numpy as np
import pytest
import torch

from matcher.crops.thumbnail.ranker import FramingRanker, FramingWeights
from training.crops.framing.material import GRID, FramingSample
from training.crops.framing.train import (
    FramingNet,
    fit_ranker,
    join_nets,
    measure_ranker,
    save_framing,
)

AXES = 4


def sample(seed: int) -> FramingSample:
    """A picture whose own framing has a larger first feature than every other window."""
    rng = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return rng.normal(size=(*shape, GRID, GRID, AXES)).astype(np.float32)

    whole, same, mapped = draw(), draw(3), draw(2, 4)
    whole[..., 0] += 2
    same[0, ..., 0] += 2
    mapped[:, 0, ..., 0] += 2
    overlap = np.array([1.0, 0.5, 0.3])
    maps = np.tile([1.0, 0.4, 0.3, 0.2], (2, 1))
    return FramingSample(whole, draw(3), np.full(3, 0.5), same, overlap, mapped, maps)


def test_a_ranker_learns_what_sets_the_photographers_framing_apart() -> None:
    net = fit_ranker([sample(seed) for seed in range(64)], seed=0)
    figures = measure_ranker(net, [sample(seed) for seed in range(1000, 1040)])
    assert figures["held_out_against_random_crops"] > 0.9
    assert figures["held_out_against_same_size"] > 0.9
    assert figures["held_out_pictures"] == 40


def test_weights_come_back_as_they_were_whatever_their_order_in_memory(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return np.asfortranarray(rng.normal(size=shape).astype(np.float32))

    weights = FramingWeights(
        draw(6), draw(6), draw(6, AXES), draw(GRID * GRID * AXES, 5), draw(5), draw(5, 1), draw(1)
    )
    save_framing(weights, tmp_path / "framing.safetensors")
    read = FramingWeights.read(tmp_path / "framing.safetensors")
    assert np.array_equal(read.axes, weights.axes)
    pooled = rng.normal(size=(2, GRID, GRID, AXES)).astype(np.float32)
    expected = FramingRanker(weights).judge(pooled)
    assert FramingRanker(read).judge(pooled) == pytest.approx(expected)


def test_joined_networks_score_as_the_mean_of_each() -> None:
    nets = [FramingNet(AXES).eval() for _ in range(2)]
    pooled = torch.randn(3, GRID, GRID, AXES, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        mean = (nets[0](pooled) + nets[1](pooled)) / 2
        assert torch.allclose(join_nets(nets)(pooled), mean, atol=1e-5)
