import json
from pathlib import Path

import torch

from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, load_weights, read_manifest
from matcher.networks.yolo import build_yolov5n
from training.loop.checkpoint import save_checkpoint
from training.loop.export import (
    WeightsCard,
    add_to_manifest,
    export_weights,
    to_half_precision,
)


def card(network: Network) -> WeightsCard:
    return WeightsCard(
        "small", network, "invented prints", "none", {"top1": 0.123456}, {"input_size": 64}
    )


def test_exported_weights_enter_by_the_strict_door_and_compute_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = EmbeddingNet().eval()
    save_checkpoint({"net": net.state_dict(), "step": 1}, tmp_path / "best.pt")
    entry = export_weights(tmp_path / "best.pt", card(Network.EMBEDDER), tmp_path)
    again = load_weights(EmbeddingNet(), tmp_path / entry.file, entry.sha256)
    images = torch.rand(3, 3, 64, 64)
    with torch.inference_mode():
        assert (net(images) * again(images)).sum(dim=1).min() > 0.999
    assert entry.size == (tmp_path / entry.file).stat().st_size < 45_000_000


def test_exporting_again_replaces_the_entry(tmp_path: Path) -> None:
    save_checkpoint({"net": build_yolov5n().state_dict()}, tmp_path / "best.pt")
    for _ in range(2):
        export_weights(tmp_path / "best.pt", card(Network.DETECTOR), tmp_path)
    (entry,) = read_manifest(tmp_path).entries
    assert entry.figures == {"top1": 0.1235}
    assert entry.commercial_use
    load_weights(build_yolov5n(), tmp_path / entry.file, entry.sha256)


def test_statistics_stay_wide_and_counters_are_dropped() -> None:
    state = to_half_precision(EmbeddingNet().state_dict())
    assert state["trunk.bn1.running_var"].dtype == torch.float32
    assert state["trunk.conv1.weight"].dtype == torch.float16
    assert not any("num_batches" in name for name in state)


def test_a_new_release_keeps_an_entry_where_it_stands_and_whole_numbers_whole(
    tmp_path: Path,
) -> None:
    for name in ("first", "second", "first"):
        path = tmp_path / f"{name}.json"
        path.write_text("{}")
        made = WeightsCard(name, Network.DECISION, "", "", figures={}, options={"size": 256.0})
        add_to_manifest(path, made, tmp_path)
    listed = json.loads((tmp_path / "manifest.json").read_text())
    assert [entry["name"] for entry in listed] == ["first", "second"]
    assert '"size": 256\n' in (tmp_path / "manifest.json").read_text()
