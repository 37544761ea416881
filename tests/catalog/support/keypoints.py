"""A small codebook, descriptors made on the spot, and an encoder whose keypoints vote."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.codebook import KeypointCodebook
from catalog.encodings.encoding import CompactFeatures
from tests.catalog.support.fakes import FakeEncoder

LENGTH = 64
KEYPOINTS = 40

Rows = NDArray[np.float32]


def unit_rows(rows: NDArray[np.floating]) -> Rows:
    """Rows of length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def described(seed: int, count: int = KEYPOINTS) -> Rows:
    """(count, 64) unit descriptors, others for each seed."""
    return unit_rows(np.random.default_rng(seed).standard_normal((count, LENGTH)))


def seen_again(rows: Rows, noise: float = 0.04, seed: int = 0) -> Rows:
    """The same descriptors as another photo has them."""
    shift = np.random.default_rng(seed).standard_normal(rows.shape) * noise
    return unit_rows(rows + shift)


@lru_cache(maxsize=1)
def small_codebook() -> KeypointCodebook:
    """Eight branches of eight words."""
    rng = np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.standard_normal((LENGTH, LENGTH)))
    branches = described(101, 8)
    words = unit_rows(
        np.repeat(branches, 8, axis=0) + described(102, 64) * np.float32(0.8)
    ).reshape(8, 8, LENGTH)
    levels = np.array([0.1, 0.05, 0.17], np.float32)
    return KeypointCodebook("small", np.asarray(turn, np.float32), branches, words, levels)


class FakeCoder:
    """Reads a seed off the codes and describes keypoints by it."""

    codebook = small_codebook()

    def descriptors(self, local: CompactFeatures) -> Rows:
        count = len(local.codes)
        return described(int(local.codes[0, 0]), count) if count else described(0, 0)


def descriptors_of(image: NDArray[np.uint8]) -> Rows:
    """Descriptors by which `FakeCoder` describes a picture that `VotingEncoder` encoded."""
    return described(int(image.mean()), KEYPOINTS)


class VotingEncoder(FakeEncoder):
    """A fake encoder whose keypoints can vote."""

    coder = FakeCoder()

    def __init__(self, version: str = "1") -> None:
        super().__init__(version, KEYPOINTS)
