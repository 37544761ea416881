"""SuperGlue: the published numbers, and what must hold with any weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from superglue.assignment import mutual_matches
from superglue.keypoints import KeypointBatch
from superglue.superglue import SuperGlue, SuperGlueSizes

SMALL = SuperGlueSizes(descriptors=32, width=32, layers=4, heads=4, encoder=(8, 16))


def network(sizes: SuperGlueSizes = SMALL) -> SuperGlue:
    torch.manual_seed(1)
    built = SuperGlue(sizes, iterations=50).eval().requires_grad_(False)
    built.bin_score.fill_(0.1)
    return built


def keypoints(count: int, seed: int, descriptors: int = 32) -> KeypointBatch:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(count, descriptors, generator=generator)
    return KeypointBatch.of(
        points=torch.rand(count, 2, generator=generator) * torch.tensor([160.0, 120.0]),
        scores=torch.rand(count, generator=generator),
        descriptors=torch.nn.functional.normalize(vectors, dim=1) * 3,
        size=(160, 120),
        scales=torch.rand(count, generator=generator) * 30,
        angles=torch.rand(count, generator=generator) * 6,
    )


def noisy_copy(original: KeypointBatch, order: Tensor) -> KeypointBatch:
    return KeypointBatch.of(
        points=original.points[0, order] + 1.0,
        scores=original.scores[0, order],
        descriptors=original.descriptors[0, order],
        size=(170, 120),
    )


@pytest.mark.data
def test_the_published_numbers_come_out(shared_data: Path) -> None:
    parity = shared_data.parent / "parity"
    state = load_file(parity / "superglue_random_2layers.safetensors")
    matcher = SuperGlue(SuperGlueSizes.of(state), iterations=20).eval().requires_grad_(False)
    matcher.load_state_dict(state)
    given = np.load(parity / "superglue_io.npz")
    first, second = (
        KeypointBatch.of(
            torch.from_numpy(given[f"keypoints{side}"][0]),
            torch.from_numpy(given[f"scores{side}"][0]),
            torch.from_numpy(given[f"descriptors{side}"][0].T),
            (int(given[f"size{side}"][0]), int(given[f"size{side}"][1])),
        )
        for side in (0, 1)
    )

    found = matcher.match(first, second, threshold=0.2)

    np.testing.assert_array_equal(found.matches0.numpy(), given["matches0"])
    np.testing.assert_array_equal(found.matches1.numpy(), given["matches1"])
    np.testing.assert_allclose(found.scores0.numpy(), given["matching_scores0"], atol=1e-4)
    np.testing.assert_allclose(found.scores1.numpy(), given["matching_scores1"], atol=1e-4)


def test_the_published_size_has_12_million_parameters() -> None:
    count = sum(parameter.numel() for parameter in SuperGlue().parameters())
    assert count == pytest.approx(12.0e6, rel=0.01)


@pytest.mark.parametrize(
    "sizes",
    [
        SMALL,
        SuperGlueSizes(),
        SuperGlueSizes(descriptors=128, width=64, layers=2, geometry=6, encoder=(16, 96)),
    ],
)
def test_sizes_are_read_from_a_state_dict(sizes: SuperGlueSizes) -> None:
    assert SuperGlueSizes.of(SuperGlue(sizes).state_dict()) == sizes


@pytest.mark.parametrize(
    "sizes",
    [
        SMALL,
        SuperGlueSizes(descriptors=32, width=16, layers=2, heads=2, geometry=6, encoder=(8,)),
    ],
)
def test_pairs_of_unequal_size_in_one_call_give_what_they_give_alone(
    sizes: SuperGlueSizes,
) -> None:
    matcher = network(sizes)
    firsts = [keypoints(count, seed=count) for count in (30, 7, 0, 12, 0, 1)]
    seconds = [keypoints(count, seed=50 + count) for count in (11, 25, 9, 0, 0, 3)]
    firsts[1] = noisy_copy(seconds[1], torch.arange(7))

    together = matcher(KeypointBatch.stack(firsts), KeypointBatch.stack(seconds))

    for index, (first, second) in enumerate(zip(firsts, seconds, strict=True)):
        alone = mutual_matches(matcher(first, second), threshold=0.02)
        batched = mutual_matches(together[index : index + 1], threshold=0.02)
        rows, columns = first.scores.shape[1], second.scores.shape[1]
        assert torch.equal(batched.matches0[:, :rows], alone.matches0)
        assert torch.equal(batched.matches1[:, :columns], alone.matches1)
        assert bool((batched.matches0[:, rows:] == -1).all())
        torch.testing.assert_close(batched.scores0[:, :rows], alone.scores0, atol=1e-5, rtol=0)


def test_the_batch_test_has_something_to_compare() -> None:
    second = keypoints(25, seed=75)
    found = network().match(noisy_copy(second, torch.arange(7)), second, threshold=0.02)
    assert int((found.matches0 >= 0).sum()) > 0


def test_what_stands_in_padding_has_no_influence() -> None:
    matcher, first, second = network(), keypoints(8, 1).padded(12), keypoints(9, 2)
    alone = matcher(first, second)

    first.descriptors[:, 8:] = 1e3
    first.points[:, 8:] = 1e3

    torch.testing.assert_close(matcher(first, second), alone)


def test_permuting_keypoints_permutes_the_pairs() -> None:
    matcher, second = network(), keypoints(20, 3)
    first = noisy_copy(second, torch.randperm(20))
    order = torch.randperm(20)

    permuted = matcher(noisy_copy(first, order), second)
    again = matcher(noisy_copy(first, torch.arange(20)), second)

    torch.testing.assert_close(permuted[:, :-1], again[:, :-1][:, order], atol=1e-4, rtol=1e-4)


def test_swapping_the_pictures_swaps_the_columns() -> None:
    matcher, second = network(), keypoints(20, 3)
    matcher.iterations = 500
    first = noisy_copy(second, torch.randperm(20)[:15])

    there = matcher.match(first, second, threshold=0.02)
    back = matcher.match(second, first, threshold=0.02)

    assert torch.equal(there.matches0, back.matches1)
    assert torch.equal(there.matches1, back.matches0)
    torch.testing.assert_close(there.scores0, back.scores1, atol=1e-4, rtol=0)


def test_scores_are_probabilities_and_pairs_are_mutual() -> None:
    second = keypoints(20, 3)
    found = network().match(noisy_copy(second, torch.arange(20)), second, threshold=0.0)

    assert bool(((found.scores0 >= 0) & (found.scores0 <= 1)).all())
    for index, partner in enumerate(found.matches0[0].tolist()):
        if partner >= 0:
            assert int(found.matches1[0, partner]) == index


@pytest.mark.parametrize(("count0", "count1"), [(0, 5), (5, 0), (0, 0)])
def test_an_empty_side_pairs_with_nothing(count0: int, count1: int) -> None:
    found = network().match(keypoints(count0, 1), keypoints(count1, 2))

    assert found.matches0.tolist() == [[-1] * count0]
    assert found.matches1.tolist() == [[-1] * count1]
    assert found.scores0.tolist() == [[0.0] * count0]


def test_training_ignores_padding_in_the_statistics_of_batch_norm() -> None:
    plain, padded = network().train(), network().train()
    first, second = keypoints(10, 1), keypoints(12, 2)

    plain(first, second)
    padded(first.padded(40), second.padded(50))

    for expected, actual in zip(plain.buffers(), padded.buffers(), strict=True):
        torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-4)


def test_it_learns_from_a_gradient_through_every_parameter() -> None:
    matcher = SuperGlue(SMALL, iterations=10).train()
    second = keypoints(12, 3)

    names, parameters = zip(*matcher.named_parameters(), strict=True)

    plan = matcher(noisy_copy(second, torch.arange(12)), second)
    gradients = torch.autograd.grad(plan[0, :12, :12].diagonal().sum(), parameters)

    for name, gradient in zip(names, gradients, strict=True):
        assert bool(gradient.isfinite().all()), name


def test_oriented_geometry_has_six_columns_and_stays_finite_without_scales() -> None:
    batch = noisy_copy(keypoints(4, 1), torch.arange(4))

    geometry = batch.geometry(oriented=True)

    assert geometry.shape == (1, 4, 6)
    assert bool(geometry.isfinite().all())
