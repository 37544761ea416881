"""The words and codes by which keypoints vote."""

import numpy as np
import pytest

from catalog.search.keypoints.coding import decode_left_over, encode_descriptors
from training.decision.keypoint_codebook import assign_rows, fit_codebook
from training.errors import TrainingError


def descriptors(count: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(9).standard_normal((40, 64))
    rows = centres[rng.integers(40, size=count)] + rng.standard_normal((count, 64)) * 0.5
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_codes_keep_most_of_what_the_words_leave_over() -> None:
    codebook = fit_codebook(descriptors(4000), np.random.default_rng(1), branches=8, words=8)
    rows = descriptors(200, seed=2)
    coded = encode_descriptors(rows, codebook)
    words = codebook.flat_words[coded.words]
    turned = rows @ codebook.turn
    left = np.square(turned - words).sum(axis=1).mean()
    decoded = words + decode_left_over(coded.signs, coded.sizes, codebook)
    assert np.square(turned - decoded).sum(axis=1).mean() < 0.2 * left
    assert left < 0.4


def test_the_same_seed_gives_the_same_words() -> None:
    first, second = (
        fit_codebook(descriptors(2000), np.random.default_rng(1), branches=4, words=4)
        for _ in range(2)
    )
    assert np.array_equal(first.words, second.words)


def test_every_row_goes_to_its_nearest_centre() -> None:
    rows, centres = descriptors(100), descriptors(7, seed=3)
    apart = np.square(rows[:, None] - centres).sum(axis=2)
    assert np.array_equal(assign_rows(rows, centres), apart.argmin(axis=1))


def test_too_few_descriptors_are_refused() -> None:
    with pytest.raises(TrainingError, match="too few"):
        fit_codebook(descriptors(100), np.random.default_rng(1), branches=8, words=8)
