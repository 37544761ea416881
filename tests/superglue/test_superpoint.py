"""SuperPoint: the published numbers, and what must hold with any weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from superglue.superpoint import (
    KeypointSettings,
    SuperPoint,
    SuperPointSizes,
    keypoint_probabilities,
    sample_descriptors,
    suppress_non_maxima,
)

SMALL = SuperPointSizes(widths=(8, 8, 16, 16), head=16, descriptors=32)


@pytest.fixture
def small() -> SuperPoint:
    torch.manual_seed(0)
    return SuperPoint(SMALL).eval().requires_grad_(False)


@pytest.mark.data
def test_the_published_numbers_come_out(shared_data: Path) -> None:
    parity = shared_data.parent / "parity"
    state = load_file(parity / "superpoint_random.safetensors")
    network = SuperPoint().eval().requires_grad_(False)
    network.load_state_dict(state)
    expected = np.load(parity / "superpoint_io.npz")

    found = network.extract(torch.from_numpy(expected["image"]), KeypointSettings(threshold=0.0151))

    np.testing.assert_array_equal(found.points.numpy(), expected["keypoints"])
    np.testing.assert_allclose(found.scores.numpy(), expected["scores"], atol=1e-4)
    np.testing.assert_allclose(found.descriptors.numpy().T, expected["descriptors"], atol=1e-4)


def test_sizes_are_read_from_a_state_dict(small: SuperPoint) -> None:
    assert SuperPointSizes.of(small.state_dict()) == SMALL
    assert SuperPointSizes.of(SuperPoint().state_dict()) == SuperPointSizes()


def test_the_published_size_has_1_3_million_parameters() -> None:
    count = sum(parameter.numel() for parameter in SuperPoint().parameters())
    assert count == pytest.approx(1.3e6, rel=0.01)


def test_maps_have_one_place_per_cell(small: SuperPoint) -> None:
    logits, descriptors = small(torch.rand(2, 1, 40, 56))

    assert logits.shape == (2, 65, 5, 7)
    assert descriptors.shape == (2, 32, 5, 7)
    assert keypoint_probabilities(logits).shape == (2, 40, 56)


def test_probabilities_stand_at_the_pixel_that_the_channel_names() -> None:
    logits = torch.full((1, 65, 2, 2), -20.0)
    logits[0, 8 * 3 + 5, 1, 0] = 20.0

    heat = keypoint_probabilities(logits)[0]

    assert divmod(int(heat.argmax()), 16) == (8 + 3, 5)


def test_keypoints_are_inside_scored_and_described_in_unit_length(small: SuperPoint) -> None:
    found = small.extract(torch.rand(1, 1, 64, 80), KeypointSettings(threshold=0.0, border=4))

    assert len(found.points) > 0
    assert found.points.min() >= 4
    assert found.points[:, 0].max() < 80 - 4
    assert found.points[:, 1].max() < 64 - 4
    assert bool(((found.scores >= 0) & (found.scores <= 1)).all())
    torch.testing.assert_close(found.descriptors.norm(dim=1), torch.ones(len(found.points)))


def test_a_limit_keeps_the_strongest_first(small: SuperPoint) -> None:
    image = torch.rand(1, 1, 64, 80)
    everything = small.extract(image, KeypointSettings(threshold=0.0))

    limited = small.extract(image, KeypointSettings(threshold=0.0, limit=5))

    torch.testing.assert_close(limited.scores, everything.scores.sort(descending=True).values[:5])


def test_no_two_keypoints_are_closer_than_the_radius(small: SuperPoint) -> None:
    found = small.extract(torch.rand(1, 1, 64, 80), KeypointSettings(threshold=0.0, radius=4))

    offsets = (found.points[:, None] - found.points[None]).abs().amax(dim=2)
    offsets.fill_diagonal_(99.0)
    assert offsets.min() > 4


def test_a_picture_without_keypoints_gives_empty_features(small: SuperPoint) -> None:
    found = small.extract(torch.zeros(1, 1, 64, 64), KeypointSettings(threshold=0.99))

    assert found.points.shape == (0, 2)
    assert found.scores.shape == (0,)
    assert found.descriptors.shape == (0, 32)


def test_suppression_keeps_what_a_silenced_neighbour_had_hidden() -> None:
    heat = torch.zeros(1, 1, 20)
    heat[0, 0, [4, 7, 10]] = torch.tensor([3.0, 2.0, 1.0])

    kept = suppress_non_maxima(heat, radius=4)[0, 0]

    assert kept.nonzero().flatten().tolist() == [4, 10]


def test_a_descriptor_at_a_cell_centre_is_the_cell_s() -> None:
    maps = torch.nn.functional.normalize(torch.randn(16, 6, 6), dim=0)
    centre = torch.tensor([[2 * 8 + 3.5, 1 * 8 + 3.5]])

    sampled = sample_descriptors(centre, maps)[0]

    # The published sampling stretches the map a little, so the centre is met only nearly.
    assert float(sampled @ maps[:, 1, 2]) > 0.9
