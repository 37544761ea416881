"""`skulens train embedder|detector --catalog NAME`: what is said, kept and refused."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.cli.output import Output
from api.cli.train.finetune import keep_detector, keep_embedder
from api.models.loading import Models
from api.models.per_catalog import CatalogFinder
from catalog.encodings.encoding import network_of
from catalog.encodings.network_store import NetworkStore
from catalog.registry import Catalogs
from catalog.store import CatalogStore
from matcher.networks.weights import (
    Network,
    WeightsEntry,
    WeightsManifest,
    check_hash,
    read_manifest,
    sha256_of,
)
from tests.api.models.test_per_catalog import (
    OPTIONS,
    adapted_in,
    filled,
    opened,
    own_models,
    part_id,
)
from tests.api.shop import Shop
from tests.catalog.support.fakes import MemoryStorage

if TYPE_CHECKING:
    from api.models.finetuning import CatalogFinetuner
    from training.finetune.embedder import FinetunedEmbedder

BEFORE = {"views_top1": 0.5, "twins": 0.5, "others_top1": 0.8}


@pytest.fixture(scope="module")
def models() -> Models:
    return own_models()


def untrained_weights(folder: Path) -> WeightsManifest:
    """A weights folder of two untrained networks."""
    import torch
    from safetensors.torch import save_file

    from matcher.networks.resnet import EmbeddingNet
    from matcher.networks.yolo import build_yolov5n
    from training.loop.export import to_half_precision

    torch.manual_seed(1)
    networks = {Network.EMBEDDER: EmbeddingNet(), Network.DETECTOR: build_yolov5n()}
    entries = []
    for network, module in networks.items():
        path = folder / f"{network}.safetensors"
        save_file(to_half_precision(module.state_dict()), path)
        options = OPTIONS if network is Network.EMBEDDER else {"input_size": 64.0}
        entries.append(
            WeightsEntry(
                str(network), path.name, network, sha256_of(path), 1, "AGPL-3.0-or-later", True,
                "nothing", "", {}, options,
            )
        )  # fmt: skip
    return WeightsManifest(folder, tuple(entries))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> WeightsManifest:
    return untrained_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture
def memory(models: Models) -> MemoryStorage:
    return filled(models)


def adapter(
    memory: MemoryStorage, models: Models, manifest: WeightsManifest, cache: Path
) -> "tuple[CatalogFinetuner, CatalogStore]":
    from api.models.finetuning import CatalogFinetuner

    adapted = adapted_in(memory, models, cache)
    store = opened(memory, models, adapted)
    return CatalogFinetuner(store, memory, adapted, manifest, any_licence=False), store


def trained(after: float) -> "FinetunedEmbedder":
    import torch

    from matcher.networks.resnet import EmbeddingNet
    from training.finetune.embedder import FinetunedEmbedder

    torch.manual_seed(2)
    return FinetunedEmbedder(EmbeddingNet().state_dict(), BEFORE, BEFORE | {"views_top1": after})


def test_a_gain_is_kept_beside_the_catalog_which_switches_by_one_entry(
    memory: MemoryStorage,
    models: Models,
    manifest: WeightsManifest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    making, store = adapter(memory, models, manifest, tmp_path)
    keep_embedder(Output(), "shop", making, trained(0.9), switch=True)
    result = capsys.readouterr().out
    assert "--rollback" in result
    (sha256,) = NetworkStore(memory, "shop").hashes()
    assert network_of(store.state().part_ids.embedding) == part_id(sha256)

    other = adapted_in(memory, models, tmp_path / "elsewhere")
    snapshot = opened(memory, models, other).snapshot()
    used = CatalogFinder(models, other.of).models_of(snapshot)
    assert used.networks.embedder.part_id == part_id(sha256)
    store.migration.roll_back()
    assert Catalogs(memory, models.encoder).open("shop").has_encoder


def test_without_a_switch_the_catalog_is_encoded_and_answers_as_before(
    memory: MemoryStorage,
    models: Models,
    manifest: WeightsManifest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    making, store = adapter(memory, models, manifest, tmp_path)
    keep_embedder(Output(), "shop", making, trained(0.9), switch=False)
    known = store.migration.models()
    assert known.prepared is not None
    assert known.prepared.encoded == known.pictures
    assert known.active.part_ids == models.encoder.part_ids
    assert f"--switch {known.prepared.model_id}" in capsys.readouterr().out
    keep_embedder(Output(), "shop", making, trained(0.9), switch=False)
    assert len(NetworkStore(memory, "shop").hashes()) == 1  # the same file, byte for byte
    store.migration.switch_to(known.prepared.model_id)
    assert store.state().part_ids == known.prepared.part_ids


def test_no_gain_keeps_nothing(
    memory: MemoryStorage,
    models: Models,
    manifest: WeightsManifest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    making, store = adapter(memory, models, manifest, tmp_path)
    before = store.state().sequence
    keep_embedder(Output(json=True), "shop", making, trained(0.5), switch=True)
    assert '"better":false' in capsys.readouterr().out.replace(" ", "")
    assert NetworkStore(memory, "shop").hashes() == ()
    assert store.state().sequence == before


def test_an_adapted_detector_becomes_a_weights_folder(
    memory: MemoryStorage,
    models: Models,
    manifest: WeightsManifest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from matcher.networks.yolo import build_yolov5n
    from training.finetune.detector import FinetunedDetector
    from training.loop.checkpoint import save_checkpoint

    making, _ = adapter(memory, models, manifest, tmp_path)
    save_checkpoint({"net": build_yolov5n().state_dict()}, tmp_path / "best.pt")
    before = {"ap50": 0.5, "recall": 0.5, "others_ap50": 0.5}
    better = FinetunedDetector(tmp_path / "best.pt", before, before | {"ap50": 0.7})
    keep_detector(Output(), "shop", tmp_path, making.detector, better)
    folder = tmp_path / "weights"
    assert f"SKULENS_WEIGHTS={folder}" in capsys.readouterr().out.replace("\n", "")
    written = read_manifest(folder)
    (entry,) = written.of_network(Network.DETECTOR)
    assert entry.figures["own_ap50"] == 0.7
    for listed in written.entries:
        check_hash(folder / listed.file, listed.sha256)
    worse = FinetunedDetector(tmp_path / "best.pt", before, before)
    keep_detector(Output(), "shop", tmp_path / "other", making.detector, worse)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("network", ["detector", "embedder"])
@pytest.mark.parametrize("arguments", [(), ("--data", "x", "--catalog", "shop"), ("--data", "x")])
def test_either_data_with_a_folder_or_a_catalog_is_required(
    shop: Shop, network: str, arguments: tuple[str, ...]
) -> None:
    assert shop.run("train", network, *arguments).code == 2


@pytest.mark.parametrize("network", ["detector", "embedder"])
def test_a_catalog_begins_with_the_shipped_weights_and_no_others(
    shop: Shop, network: str, tmp_path: Path
) -> None:
    given = tmp_path / "known.safetensors"
    given.write_bytes(b"")
    refused = shop.run("train", network, "--catalog", "shop", "--start", str(given))
    assert refused.code == 2
    assert "--start is for training on --data" in refused.err.replace("\n", " ")
    missing = shop.run("train", network, "--data", "x", "--out", "y", "--start", "nowhere")
    assert missing.code == 2
