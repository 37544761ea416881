"""NumPy's reading of SuperPoint's maps against torch's."""

from pathlib import Path

import numpy as np
import pytest

from matcher.keypoints.keypoint_maps import (
    pixel_probabilities,
    sample_descriptors,
    select_strongest,
    suppress_non_maxima,
)


@pytest.fixture
def generator() -> np.random.Generator:
    return np.random.default_rng(5)


def test_probabilities_are_those_of_torch(generator: np.random.Generator) -> None:
    import torch

    from superglue import superpoint

    logits = generator.normal(size=(65, 6, 9)).astype(np.float32) * 5

    expected = superpoint.keypoint_probabilities(torch.from_numpy(logits)[None])[0]

    np.testing.assert_allclose(pixel_probabilities(logits), expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("radius", [1, 4, 7])
def test_suppression_is_that_of_torch(generator: np.random.Generator, radius: int) -> None:
    import torch

    from superglue import superpoint

    heat = generator.random((50, 70), dtype=np.float32)
    heat[10:20, 10:30] = 0.5

    expected = superpoint.suppress_non_maxima(torch.from_numpy(heat)[None], radius)[0]

    np.testing.assert_array_equal(suppress_non_maxima(heat, radius), expected.numpy())


@pytest.mark.parametrize("shape", [(16, 6, 9), (16, 1, 9), (16, 1, 1)])
def test_descriptors_are_those_of_torch(
    generator: np.random.Generator, shape: tuple[int, int, int]
) -> None:
    import torch

    from superglue import superpoint

    maps = generator.normal(size=shape).astype(np.float32)
    room = np.array([shape[2] * 8 - 1, shape[1] * 8 - 1])
    points = (generator.random((40, 2)) * (room - 3.5) + 3.5).astype(np.float32)

    expected = superpoint.sample_descriptors(torch.from_numpy(points), torch.from_numpy(maps))

    np.testing.assert_allclose(sample_descriptors(points, maps), expected.numpy(), atol=1e-5)


def test_strongest_comes_first_and_the_limit_holds() -> None:
    heat = np.zeros((20, 30), dtype=np.float32)
    heat[[5, 9, 12, 1], [6, 20, 11, 15]] = [0.3, 0.9, 0.5, 1.0]

    points, scores = select_strongest(heat, threshold=0.1, border=4, limit=2)

    assert points.tolist() == [[20, 9], [11, 12]]
    assert scores.tolist() == pytest.approx([0.9, 0.5])


@pytest.mark.parametrize("shape", [(0, 0), (3, 3), (8, 8), (8, 100)])
def test_a_map_that_is_all_border_has_no_keypoints(shape: tuple[int, int]) -> None:
    points, scores = select_strongest(np.ones(shape, dtype=np.float32), 0.1, 4, 10)

    assert points.shape == (0, 2)
    assert scores.shape == (0,)
    assert sample_descriptors(points, np.ones((16, 2, 2), dtype=np.float32)).shape == (0, 16)


@pytest.mark.data
def test_the_published_numbers_come_out(shared_data: Path) -> None:
    import torch
    from safetensors.torch import load_file

    from superglue.superpoint import SuperPoint

    parity = shared_data.parent / "parity"
    network = SuperPoint().eval().requires_grad_(False)
    network.load_state_dict(load_file(parity / "superpoint_random.safetensors"))
    expected = np.load(parity / "superpoint_io.npz")
    logits, maps = (part[0].numpy() for part in network(torch.from_numpy(expected["image"])))

    heat = suppress_non_maxima(pixel_probabilities(logits), radius=4)
    points, scores = select_strongest(heat, threshold=0.0151, border=4, limit=10_000)

    order = np.lexsort((points[:, 0], points[:, 1]))
    np.testing.assert_array_equal(points[order], expected["keypoints"])
    np.testing.assert_allclose(scores[order], expected["scores"], atol=1e-4)
    np.testing.assert_allclose(
        sample_descriptors(points, maps)[order].T, expected["descriptors"], atol=1e-4
    )
