"""LightGlue: what must hold with any weights."""

import torch
from torch import Tensor

from superglue.keypoints import KeypointBatch
from superglue.lightglue import LightGlue, LightGlueSizes, SelfLayer, log_double_softmax

SMALL = LightGlueSizes(descriptors=16, width=32, layers=2)


def network() -> LightGlue:
    torch.manual_seed(1)
    return LightGlue(SMALL).eval().requires_grad_(False)


def keypoints(count: int, seed: int) -> KeypointBatch:
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(count, 16, generator=generator)
    return KeypointBatch.of(
        points=torch.rand(count, 2, generator=generator) * torch.tensor([160.0, 120.0]),
        scores=torch.rand(count, generator=generator),
        descriptors=torch.nn.functional.normalize(vectors, dim=1),
        size=(160, 120),
        scales=torch.rand(count, generator=generator) * 30,
        angles=torch.rand(count, generator=generator) * 6,
    )


def test_padding_changes_nothing() -> None:
    net, first, second = network(), keypoints(7, 1), keypoints(9, 2)
    alone = net(first, second)
    padded = net(first.padded(10), second.padded(12))
    torch.testing.assert_close(padded[:, :7, :9], alone[:, :7, :9])
    torch.testing.assert_close(padded[:, :7, -1], alone[:, :7, -1])
    assert (padded[:, 7:10, :9] < -1e8).all()


def test_the_sides_may_be_exchanged() -> None:
    net, first, second = network(), keypoints(7, 1), keypoints(9, 2)
    torch.testing.assert_close(net(first, second)[0, :-1, :-1].T, net(second, first)[0, :-1, :-1])


def test_a_side_without_keypoints_pairs_nothing() -> None:
    found = network().match(keypoints(5, 1), keypoints(0, 2))
    assert (found.matches0 == -1).all()
    assert found.matches1.shape == (1, 0)


def test_places_count_by_what_lies_between_them() -> None:
    """A rotary encoding: turned vectors know the difference of their places only."""
    torch.manual_seed(1)
    layer = SelfLayer(32, heads=4).requires_grad_(False)
    vectors = torch.randn(1, 5, 32, generator=torch.Generator().manual_seed(0))
    angles = torch.rand(1, 5, 4, generator=torch.Generator().manual_seed(1))

    def attended(moved: Tensor) -> Tensor:
        places = moved.repeat_interleave(2, dim=2)
        turn = torch.cat([places.cos(), places.sin()], dim=2)
        changed: Tensor = layer(vectors, turn, torch.ones(1, 5, dtype=torch.bool))
        return changed

    torch.testing.assert_close(attended(angles), attended(angles + 1.7))
    assert not torch.allclose(attended(angles), attended(angles.flip(1)))


def test_pairs_and_staying_alone_are_probabilities() -> None:
    scores = torch.tensor([[[9.0, 0.0], [0.0, 9.0]]])
    sure, real = torch.full((1, 2), 9.0), torch.ones(1, 2, dtype=torch.bool)
    found = log_double_softmax(scores, sure, sure, real, real).exp()
    assert (found[0, :2, :2].diagonal() > 0.99).all()
    assert (found[0, :2, 2] < 0.01).all()
    alone = log_double_softmax(scores, -sure, -sure, real, real).exp()
    assert (alone[0, :2, :2] < 0.01).all()
    assert (alone[0, :2, 2] > 0.99).all()


def test_sizes_are_read_off_a_state() -> None:
    assert LightGlueSizes.of(network().state_dict()) == SMALL
