"""`skulens train release`: what is refused, and a decision that enters a weights folder."""

from pathlib import Path

from matcher.networks.weights import Network, WeightsManifest, read_manifest, write_manifest
from tests.api.shop import Shop
from tests.training import miniature


def test_a_run_has_to_be_named(shop: Shop) -> None:
    refused = shop.run("train", "release", "--data", "x", "--weights", "weights")
    assert refused.code == 2
    assert "name at least one finished run" in " ".join(refused.err.split())


def test_a_data_folder_that_is_not_complete_is_one_sentence(shop: Shop) -> None:
    refused = shop.run("train", "release", "--data", "x", "--weights", "w", "--detector", "run")
    assert refused.code == 1
    assert "x" in refused.sentence


def test_a_decision_enters_the_weights_folder(shop: Shop, tmp_path: Path) -> None:
    miniature.build(tmp_path / "data")
    weights = shop.folder / "weights"
    weights.mkdir()
    write_manifest(WeightsManifest(weights, ()))
    fitted = shop.folder / "decision.json"
    fitted.write_text("{}")
    result = shop.run_ok(
        "train", "release", "--data", "data", "--weights", weights, "--decision", fitted
    )
    assert result.out == "decision.json: 0.0 MB, no figures\n"
    (entry,) = read_manifest(weights).of_network(Network.DECISION)
    assert (weights / entry.file).read_text() == "{}"
