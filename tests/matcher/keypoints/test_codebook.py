from pathlib import Path

import numpy as np
import pytest

from catalog.encodings.codebook import KeypointCodebook
from matcher.errors import WeightsError
from matcher.keypoints.codebook import CodebookCoder, read_codebook, save_codebook
from tests.matcher.prints import WEIGHTS, keypoint_coder, printed, root_sift, shop_of_twelve


def small() -> KeypointCodebook:
    rng = np.random.default_rng(0)
    branches = rng.uniform(-1, 1, (4, 64)).astype(np.float32)
    words = rng.uniform(-1, 1, (4, 8, 64)).astype(np.float32)
    levels = np.array([0.1, 0.05, 0.2], np.float32)
    return KeypointCodebook("", np.eye(64, dtype=np.float32), branches, words, levels)


def test_a_codebook_survives_its_file_and_is_named_by_it(tmp_path: Path) -> None:
    path = tmp_path / "codebook.safetensors"
    save_codebook(small(), path)
    read = read_codebook(path)
    assert len(read.codebook_id) == 12
    assert np.allclose(read.words, small().words, atol=0.005)
    assert np.allclose(read.branches, small().branches, atol=0.001)
    assert np.array_equal(read.levels, small().levels)


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no codebook"):
        read_codebook(WEIGHTS / "rootsift.safetensors")
    with pytest.raises(WeightsError, match="no codebook"):
        read_codebook(tmp_path / "missing.safetensors")


def test_kept_keypoints_are_described_as_the_front_end_describes_them() -> None:
    features = root_sift().extract(printed(3), 100)
    coder = CodebookCoder(root_sift(), small())
    kept = coder.descriptors(root_sift().pack(features))
    assert np.einsum("nd,nd->n", kept, features.descriptors).min() > 0.9


def test_the_shipped_words_find_products_by_votes() -> None:
    assert keypoint_coder().codebook.word_count == 65_536
    for seed in (0, 5, 11):
        query = root_sift().extract(printed(seed), 500)
        votes = shop_of_twelve().votes(query.descriptors, 3)
        assert votes is not None
        assert votes[0].product_id == f"p{seed}"
