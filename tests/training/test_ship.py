from pathlib import Path

import torch

from matcher.resnet import EmbeddingNet
from matcher.weights import Network, load_weights, read_manifest
from matcher.yolo import build_yolov5n
from training.checkpoint import save_checkpoint
from training.ship import Runs, ship


def test_finished_runs_become_weights_with_their_figures(tiny_data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    for name, net in (("detector", build_yolov5n()), ("embedder", EmbeddingNet())):
        (tmp_path / name).mkdir()
        save_checkpoint({"net": net.state_dict()}, tmp_path / name / "best.pt")
    weights = tmp_path / "weights"
    weights.mkdir()

    runs = Runs(tiny_data, tmp_path / "detector", tmp_path / "embedder")
    detector, embedder = ship(runs, weights)

    assert read_manifest(weights).entries == (detector, embedder)
    assert [detector.network, embedder.network] == [Network.DETECTOR, Network.EMBEDDER]
    assert {"held_out_beverage_ap50", "freiburg_recall"} <= set(detector.figures)
    assert {"held_out_network_carton_top1", "network_left_out_carton_top1"} <= set(embedder.figures)
    load_weights(EmbeddingNet(), weights / embedder.file, embedder.sha256)
