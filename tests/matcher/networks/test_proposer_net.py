import torch

from matcher.networks.proposer_net import PYRAMID_CHANNELS, ProposerNet


def test_every_place_of_three_maps_gets_an_answer() -> None:
    network = ProposerNet().eval()
    sizes = ((12, 8), (6, 4), (3, 2))
    maps = [torch.rand(2, channels, *size)
            for channels, size in zip(PYRAMID_CHANNELS, sizes, strict=True)]  # fmt: skip
    with torch.inference_mode():
        answer = network(*maps)
    assert answer.shape == (2, 64 + 8 + 2, 12 * 8 + 6 * 4 + 3 * 2)


def test_before_training_corners_are_those_of_the_box_and_nothing_is_found() -> None:
    network = ProposerNet().eval()
    maps = [torch.zeros(1, 40, 8, 8), torch.zeros(1, 112, 4, 4), torch.zeros(1, 320, 2, 2)]
    with torch.inference_mode():
        answer = network(*maps)
    assert torch.allclose(answer[0, 64:72, 0], torch.tensor([0.0, 0, 1, 0, 1, 1, 0, 1]))
    assert bool((answer[0, 72:].sigmoid() < 0.2).all())
