"""Checkpoints that users have."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from matcher.errors import WeightsError
from matcher.networks.weights import Network, Weights, read_state
from tests.matcher.networks.kinds import TRAINED_NETWORKS

if TYPE_CHECKING:
    from torch import nn


class ExplosiveObject:
    """Would create a file if a pickle of it were simply opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @override
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def loaded(weights: Weights) -> "nn.Module":
    from matcher.networks.graphs import build_network

    state = read_state(weights.path, weights.sha256)
    return build_network(weights.network, state, weights.options, weights.path.name)


def test_a_torchvision_resnet34_becomes_an_embedder(tmp_path: Path) -> None:
    import torch
    from torchvision.models import resnet34

    from matcher.networks.conversion import convert_checkpoint
    from matcher.networks.resnet import EmbeddingNet

    torch.manual_seed(0)
    given = resnet34(weights=None)
    torch.save(given.state_dict(), tmp_path / "resnet34.pth")

    weights = convert_checkpoint(
        tmp_path / "resnet34.pth", tmp_path / "out.safetensors", Network.EMBEDDER
    )

    network = loaded(weights)
    assert isinstance(network, EmbeddingNet)
    assert torch.equal(network.trunk.conv1.weight, given.conv1.weight)
    identity = network.project.weight @ network.project.weight.T
    torch.testing.assert_close(identity, torch.eye(256), atol=1e-4, rtol=0)


def test_another_resnet_is_refused(tmp_path: Path) -> None:
    import torch
    from torchvision.models import resnet18

    from matcher.networks.conversion import convert_checkpoint

    path = tmp_path / "resnet18.pth"
    torch.save(resnet18(weights=None).state_dict(), path)

    with pytest.raises(WeightsError, match=r"resnet18\.pth does not fit"):
        convert_checkpoint(path, tmp_path / "out.safetensors", Network.EMBEDDER)
    assert not (tmp_path / "out.safetensors").exists()


def test_published_superpoint_and_superglue_files_are_converted(tmp_path: Path) -> None:
    import torch

    from matcher.networks.conversion import convert_checkpoint
    from superglue.superglue import SuperGlue, SuperGlueSizes
    from superglue.superpoint import SuperPoint

    torch.save(SuperPoint().state_dict(), tmp_path / "superpoint_v1.pth")
    small = SuperGlue(SuperGlueSizes(layers=2))
    torch.save(small.state_dict(), tmp_path / "superglue.pth")

    point = convert_checkpoint(
        tmp_path / "superpoint_v1.pth", tmp_path / "p.safetensors", Network.SUPERPOINT
    )
    glue = convert_checkpoint(
        tmp_path / "superglue.pth", tmp_path / "g.safetensors", Network.SUPERGLUE
    )

    assert isinstance(loaded(point), SuperPoint)
    network = loaded(glue)
    assert isinstance(network, SuperGlue)
    assert network.sizes == SuperGlueSizes(layers=2)


@pytest.mark.parametrize(("scale", "classes"), [("n", 80), ("s", 1)])
def test_an_ultralytics_checkpoint_is_read_without_running_its_code(
    tmp_path: Path, scale: str, classes: int
) -> None:
    import torch

    from matcher.networks.conversion import convert_checkpoint
    from matcher.networks.yolo import build_yolov5

    torch.manual_seed(0)
    model = build_yolov5(scale, classes).half()
    path = tmp_path / "yolov5u.pt"
    burst = ExplosiveObject(tmp_path / "burst")
    torch.save({"model": model, "ema": None, "date": "today", "train_args": burst}, path)

    weights = convert_checkpoint(path, tmp_path / "out.safetensors", Network.DETECTOR)

    state = loaded(weights).state_dict()
    assert not (tmp_path / "burst").exists()
    assert state.keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(state[name], value.to(state[name].dtype)), name


def test_a_classic_anchor_based_yolov5_is_refused_with_the_alternative(tmp_path: Path) -> None:
    import torch

    from matcher.networks.conversion import convert_checkpoint

    path = tmp_path / "yolov5n.pt"
    torch.save({"model.24.anchors": torch.zeros(3, 3, 2)}, path)

    with pytest.raises(WeightsError, match=r"yolov5nu\.pt"):
        convert_checkpoint(path, tmp_path / "out.safetensors", Network.DETECTOR)


@pytest.mark.parametrize("content", [b"", b"nothing", b"\x80\x02."])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    from matcher.networks.conversion import convert_checkpoint

    path = tmp_path / "a.pt"
    path.write_bytes(content)

    with pytest.raises(WeightsError, match=r"a\.pt"):
        convert_checkpoint(path, tmp_path / "out.safetensors", Network.DETECTOR)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    from matcher.networks.conversion import convert_checkpoint

    with pytest.raises(WeightsError, match="absent"):
        convert_checkpoint(tmp_path / "absent.pt", tmp_path / "o.safetensors", Network.DETECTOR)


def test_a_destination_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    import torch

    from matcher.networks.conversion import convert_checkpoint
    from superglue.superpoint import SuperPoint

    torch.save(SuperPoint().state_dict(), tmp_path / "a.pth")

    with pytest.raises(WeightsError, match=r"cannot write the weights .*nowhere"):
        convert_checkpoint(
            tmp_path / "a.pth", tmp_path / "nowhere/out.safetensors", Network.SUPERPOINT
        )


@pytest.mark.parametrize("network", TRAINED_NETWORKS)
def test_weights_of_something_else_are_refused_and_leave_nothing(
    tmp_path: Path, network: Network
) -> None:
    import torch

    from matcher.networks.conversion import convert_checkpoint

    path = tmp_path / "a.pth"
    torch.save({"strange": torch.zeros(3)}, path)

    with pytest.raises(WeightsError, match=r"a\.pth"):
        convert_checkpoint(path, tmp_path / "out.safetensors", network)

    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.pth"]
