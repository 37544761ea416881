"""`bench …` and `train …` around the measurements themselves, which have their own tests."""

from pathlib import Path

import pytest
from rich.console import Console

from api.cli.bench.measurement import figure_tables
from bench.table import Table
from tests.api.shop import Shop
from tests.training import miniature

ROWS = tuple((name, *["0.123 (0.100-0.140)"] * 6) for name in ("skulens", "whole", "baseline"))
WIDE = Table("title", ("method", *(f"figure {n}" for n in range(6))), ROWS)
NARROW = Table("title", ("method", "top-1"), (("skulens", "0.9"), ("baseline", "0.8")))


def drawn(table: Table, width: int) -> str:
    console = Console(width=width)
    with console.capture() as capture:
        for part in figure_tables(table, width):
            console.print(part)
    return capture.get()


def test_a_table_that_fits_is_shown_as_it_is() -> None:
    assert drawn(NARROW, 80).split() == ["method", "top-1", "skulens", "0.9", "baseline", "0.8"]


@pytest.mark.parametrize("width", [40, 80, 120, 300])
def test_no_figure_of_a_wide_table_is_cut_off(width: int) -> None:
    text = drawn(WIDE, width)
    assert text.count("0.123 (0.100-0.140)") == 18
    assert all(f"figure {n}" in text for n in range(6))
    assert all(name in text for name in ("skulens", "whole", "baseline"))
    assert "…" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("recognition", "--data", "missing"),
        ("recognition", "--protocol", "nonsense", "--shared", "missing"),
        ("recognition", "--protocol", "dvd", "--shared", "missing"),
        ("homography", "--shared", "missing"),
        ("copies", "--shared", "missing"),
        ("video", "--shared", "missing"),
        ("latency", "--shared", "missing"),
        ("index", "--shared", "missing"),
        ("detector", "--shared", "missing"),
        ("retrieval", "--shared", "missing"),
        ("ablation", "--shared", "missing"),
        ("ablation", "--clip", "--shared", "missing"),
    ],
)
def test_without_its_data_a_measurement_is_refused_in_one_sentence(
    shop: Shop, arguments: tuple[str, ...]
) -> None:
    result = shop.run("bench", *arguments)
    assert (result.code, result.out) == (1, "")
    assert "missing" in result.sentence or "nonsense" in result.sentence


def test_data_and_protocol_together_are_wrong_usage(shop: Shop) -> None:
    assert shop.run("bench", "recognition", "--data", "x", "--protocol", "dvd").code == 2


def test_a_clip_without_its_folder_is_wrong_usage(shop: Shop) -> None:
    assert shop.run("bench", "ablation", "--clip").code == 2


@pytest.mark.parametrize("network", ["detector", "embedder"])
def test_without_its_data_a_training_is_refused_in_one_sentence(shop: Shop, network: str) -> None:
    result = shop.run("train", network, "--data", "missing", "--out", "runs")
    assert (result.code, result.out) == (1, "")
    assert "missing" in result.sentence


def test_without_its_data_or_a_decision_a_calibration_of_tracks_is_refused(
    shop: Shop, tmp_path: Path
) -> None:
    files = ("--decision", "missing.json", "--out", "out.json")
    nowhere = shop.run("train", "tracks", "--data", "missing", *files)
    assert (nowhere.code, nowhere.out) == (1, "")
    assert "missing" in nowhere.sentence
    miniature.build(tmp_path)
    without = shop.run("train", "tracks", "--data", str(tmp_path), *files)
    assert without.code == 1
    assert "missing.json is no calibration" in without.sentence
