from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from catalog.encodings.encoding import CompactFeatures
from matcher.errors import WeightsError
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.keypoints.rootsift import read_basis
from tests.matcher.prints import Image, flat, printed, root_sift

BUDGET = 32 * 1024


def stored_bytes(compact: CompactFeatures) -> int:
    parts = (compact.points, compact.scales, compact.angles, compact.codes)
    return sum(part.nbytes for part in parts)


@pytest.fixture(scope="module")
def busy() -> Image:
    """More keypoints than anybody keeps."""
    return np.concatenate([printed(seed, 480, 640) for seed in (1, 2)], axis=1)


def test_a_printed_picture_has_keypoints_inside_it_strongest_first(busy: Image) -> None:
    features = root_sift().extract(busy, 400)
    assert 300 < len(features) <= 400
    assert (features.width, features.height) == (960, 640)
    assert features.points.min() >= 0
    assert np.all(features.points < (960, 640))
    assert np.all(np.diff(features.scores) <= 0)
    assert features.scores.max() <= 1
    assert np.all((features.angles >= 0) & (features.angles < 2 * np.pi))
    lengths: NDArray[np.float32] = np.linalg.norm(features.descriptors, axis=1)
    assert np.allclose(lengths, 1, atol=1e-4)


def test_a_flat_picture_has_no_keypoints_and_that_is_no_error() -> None:
    front_end = root_sift()
    nothing = front_end.extract(flat(), 400)
    assert len(nothing) == 0
    again = front_end.unpack(front_end.pack(nothing), 200, 150)
    assert len(again) == 0
    assert again.descriptors.shape == nothing.descriptors.shape
    assert (again.width, again.height) == (200, 150)


def test_what_is_packed_at_the_keypoint_limit_fits_the_storage_budget(busy: Image) -> None:
    front_end = root_sift()
    features = front_end.extract(busy, 3000)
    compact = front_end.pack(features)
    assert len(features) > len(compact.points) > 256
    assert stored_bytes(compact) <= BUDGET


def test_unpacking_gives_back_the_strongest_keypoints_where_they_were(busy: Image) -> None:
    front_end = root_sift()
    features = front_end.extract(busy, 3000)
    again = front_end.unpack(front_end.pack(features), features.width, features.height)
    kept = features.select(np.arange(len(again)))
    assert np.abs(again.points - kept.points).max() <= 0.5 / 64 + 1e-4
    assert np.abs(np.log2(again.scales / np.maximum(kept.scales, 1))).max() < 0.05
    turned = np.abs((again.angles - kept.angles + np.pi) % (2 * np.pi) - np.pi)
    assert turned.max() < 0.02
    assert (again.descriptors * kept.descriptors).sum(axis=1).min() > 0.9
    assert np.all(np.diff(again.scores) < 0)


def test_packed_keypoints_pair_as_well_as_fresh_ones() -> None:
    front_end = root_sift()
    reference = front_end.extract(printed(1), 600)
    query = front_end.extract(np.ascontiguousarray(np.rot90(printed(1))), 600)
    packed = front_end.unpack(front_end.pack(reference), reference.width, reference.height)
    fresh_pairs, packed_pairs = NearestNeighbourMatcher().match(query, [reference, packed])

    def right(pairs: NDArray[np.int64], found: NDArray[np.int64]) -> int:
        # A quarter turn to the left: (x, y) goes to (y, width - 1 - x).
        x, y = reference.points[found].T
        expected = np.stack([y, reference.width - 1 - x], axis=1)
        return int((np.abs(expected - query.points[pairs]).max(axis=1) < 2).sum())

    fresh = right(fresh_pairs.query, fresh_pairs.reference)
    assert fresh > 100
    assert right(packed_pairs.query, packed_pairs.reference) > 0.9 * fresh


def test_the_part_is_named_so_that_it_can_be_a_folder() -> None:
    assert root_sift().part_id.replace("-", "").isalnum()


@pytest.mark.parametrize("content", [b"", b"no safetensors", None])
def test_a_broken_or_missing_basis_is_refused_with_its_name(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "basis.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"basis\.safetensors"):
        read_basis(path)


def test_a_file_with_other_tensors_is_no_basis(tmp_path: Path) -> None:
    path = tmp_path / "basis.safetensors"
    save_file({"mean": np.zeros(128, np.float32)}, path)
    with pytest.raises(WeightsError, match="no RootSIFT basis"):
        read_basis(path)
