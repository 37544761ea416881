import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_CHECK = """
import os, socket
def refuse(*_, **__): raise AssertionError("asked the network")
socket.getaddrinfo = refuse
import torch
from PIL import Image
before, opener, saver = dict(os.environ), Image.open, torch.save
from matcher.networks.yolo import build_yolov5n
build_yolov5n()
added = {k for k in os.environ if k not in before and k.startswith("YOLO")}
assert not added, added
assert Image.open is opener and torch.save is saver
"""


def test_one_class_at_three_strides() -> None:
    import torch

    from matcher.networks.yolo import build_yolov5n

    net = build_yolov5n().eval()
    with torch.inference_mode():
        output = net(torch.rand(1, 3, 64, 96))[0]
    assert output.shape == (1, 5, (8 * 12) + (4 * 6) + (2 * 3))
    assert bool(((output[:, 4] >= 0) & (output[:, 4] <= 1)).all())


def test_names_and_shapes_are_those_of_ultralytics_own_description() -> None:
    from torch import nn

    from matcher.networks.yolo import build_yolov5n

    net = build_yolov5n()
    from ultralytics.nn.tasks import DetectionModel

    build: Callable[..., nn.Module] = DetectionModel
    own = build("yolov5n.yaml", ch=3, nc=1, verbose=False).state_dict()
    assert {k: v.shape for k, v in net.state_dict().items()} == {k: v.shape for k, v in own.items()}


def test_building_it_asks_no_network_prints_nothing_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("YOLO", "PYTEST"))}
    environment |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    done = subprocess.run(
        [sys.executable, "-c", _CHECK],
        cwd=Path(__file__).parents[3],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.rglob("*ltralytics*"))
