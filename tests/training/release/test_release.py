from pathlib import Path

import numpy as np
import pytest
import torch

from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, load_weights, read_manifest, sha256_of
from matcher.networks.yolo import build_yolov5n
from matcher.retrieval.colour_layout import LAYOUT_SIZE, ColourBasis, read_colour_basis
from training.embedder.colour_layout import save_colours
from training.errors import TrainingError
from training.loop.checkpoint import save_checkpoint
from training.release.keypoints import GlueRelease
from training.release.release import FinishedRuns, release_networks
from training.superglue.front_ends import FrontEndChoice


def test_finished_runs_become_weights_with_their_figures(tiny_data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    for name, net in (("detector", build_yolov5n()), ("embedder", EmbeddingNet())):
        (tmp_path / name).mkdir()
        save_checkpoint({"net": net.state_dict()}, tmp_path / name / "best.pt")
    weights = tmp_path / "weights"
    weights.mkdir()

    axes = np.eye(LAYOUT_SIZE, 4, dtype=np.float32)
    save_colours(ColourBasis(np.zeros(LAYOUT_SIZE, np.float32), axes), tmp_path / "axes")
    runs = FinishedRuns(tiny_data, tmp_path / "detector", tmp_path / "embedder", tmp_path / "axes")
    detector, colours, embedder = release_networks(runs, weights)

    assert read_manifest(weights).entries == (detector, colours, embedder)
    assert read_colour_basis(weights / colours.file).sha256 == colours.sha256
    assert [detector.network, embedder.network] == [Network.DETECTOR, Network.EMBEDDER]
    assert {"held_out_beverage_ap50", "freiburg_recall"} <= set(detector.figures)
    assert {"held_out_both_carton_top1", "network_left_out_carton_top1"} <= set(embedder.figures)
    assert "fourth product but produce" in embedder.trained_on
    load_weights(EmbeddingNet(), weights / embedder.file, embedder.sha256)


def test_a_folder_without_a_detector_refuses_an_embedder_alone(
    tiny_data: Path, tmp_path: Path
) -> None:
    save_checkpoint({"net": EmbeddingNet().state_dict()}, tmp_path / "best.pt")
    with pytest.raises(TrainingError, match="has no detector yet"):
        list(release_networks(FinishedRuns(tiny_data, embedder=tmp_path), tmp_path))


def test_networks_are_released_before_those_that_are_measured_with_them(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("detector", "colours", "embedder", "comparator", "superpoint", "superglue", "decision")
    released: list[str] = []
    for name in names:
        monkeypatch.setattr(
            f"training.release.release.release_{name}",
            lambda *_, name=name: released.append(name),
        )
    monkeypatch.setattr(FrontEndChoice, "open", lambda _: None)
    path = tmp_path / "run"
    runs = FinishedRuns(tiny_data, path, path, path, path, path, GlueRelease(path), path)
    assert len(list(release_networks(runs, tmp_path))) == len(names)
    assert released == list(names)
    assert list(release_networks(FinishedRuns(tiny_data), tmp_path)) == []


def test_a_fitted_decision_is_listed_with_its_hash(tiny_data: Path, tmp_path: Path) -> None:
    fitted = tmp_path / "fitted.json"
    fitted.write_text("{}")
    weights = tmp_path / "weights"
    weights.mkdir()
    (entry,) = release_networks(FinishedRuns(tiny_data, decision=fitted), weights)
    assert read_manifest(weights).entries == (entry,)
    assert entry.network is Network.DECISION
    assert entry.sha256 == sha256_of(weights / "decision.json") == sha256_of(fitted)
