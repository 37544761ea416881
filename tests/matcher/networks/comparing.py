"""Inputs of every graph, and how alike two runtimes' outputs are."""

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.networks.runtime import Array, LoadedNetwork


def inputs(function: str) -> tuple[Array, ...]:
    generator = np.random.default_rng(0)

    def noise(*shape: int) -> NDArray[np.float32]:
        return generator.random(shape, dtype=np.float32)

    def blocks(side: int) -> NDArray[np.float32]:
        small = noise(1, 3, 160 // side, 256 // side)
        return np.kron(small, np.ones((1, 1, side, side), dtype=np.float32))

    mask0, mask1 = np.ones((2, 40), dtype=np.bool_), np.ones((2, 30), dtype=np.bool_)
    mask0[0, 25:] = False
    return {
        "detect": ((blocks(32) + blocks(8) + blocks(4)) / np.float32(3),),
        "embed": (noise(2, 3, 64, 64),),
        "extract": (noise(1, 1, 96, 120),),
        "compare": (noise(2, 3, 96, 64), noise(2, 3, 96, 64)),
        "encode": (noise(2, 40, 3), noise(2, 40, 32)),
        "attend": (noise(2, 40, 32), mask0, noise(2, 30, 32), mask1),
    }[function]


def assert_alike(
    ours: LoadedNetwork, theirs: LoadedNetwork, cosine: float, relative: float
) -> None:
    """Same direction, and nowhere further off than a share of the largest number."""
    assert ours.facts == pytest.approx(theirs.facts)
    assert ours.functions.keys() == theirs.functions.keys()
    for name, function in ours.functions.items():
        given = inputs(name)
        outputs = zip(function(*given), theirs.functions[name](*given), strict=True)
        for actual, expected in outputs:
            assert actual.dtype == np.float32
            assert actual.shape == expected.shape
            a, b = actual.ravel().astype(np.float64), expected.ravel().astype(np.float64)
            alike = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert alike > cosine, name
            assert np.abs(a - b).max() < relative * np.abs(b).max(), name
