import numpy as np
import torch

from matcher.imaging.box import Box
from matcher.networks.proposer_net import ProposerNet
from training.crops.propose.target import OBJECT, PAINTING, MeantThing, TargetPicture
from training.crops.propose.train import ProposerLoss

CORNERS = np.array([[10.0, 12], [40, 8], [44, 50], [8, 52]])


def picture(*things: MeantThing) -> TargetPicture:
    return TargetPicture(np.zeros((64, 64, 3), np.uint8), things)


def test_a_head_learns_box_kind_and_corners_of_one_painting() -> None:
    torch.manual_seed(0)
    rng = torch.Generator().manual_seed(1)
    maps = [torch.rand(2, channels, side, side, generator=rng)
            for channels, side in ((40, 8), (112, 4), (320, 2))]  # fmt: skip
    pictures = [picture(MeantThing(Box.around(CORNERS), PAINTING, CORNERS)),
                picture(MeantThing(Box(5, 5, 30, 60), OBJECT))]  # fmt: skip
    head, loss = ProposerNet(), ProposerLoss()
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3)
    values = []
    for _ in range(12):
        value = loss.of(head(*maps), maps, pictures)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        values.append(float(value.detach()))
    assert values[-1] < 0.7 * values[0]


def test_a_picture_without_anything_has_a_loss() -> None:
    maps = [torch.rand(1, channels, side, side) for channels, side in
            ((40, 8), (112, 4), (320, 2))]  # fmt: skip
    value = ProposerLoss().of(ProposerNet()(*maps), maps, [picture()])
    assert bool(value.isfinite())
