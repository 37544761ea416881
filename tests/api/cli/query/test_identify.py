"""`identify` and `explain`: answers, JSON to the letter, broken pictures among whole ones."""

import json
from pathlib import Path

import pytest

from tests.api.shop import Shop

DETECTION_KEYS = [
    "box", "confidence", "verdict", "product_id", "probability", "inliers", "coverage",
    "agreement", "outline", "reference_image", "candidates",
]  # fmt: skip


def test_a_photo_of_a_product_is_named_in_a_table(shop: Shop) -> None:
    result = shop.run_ok("identify", "shop", "tea.png")
    assert "tea.png" in result.out
    assert "identical" in result.out
    assert "Green tea" in result.out
    assert "98.0 %" in result.out
    assert result.err == ""


def test_a_photo_of_something_else_is_unknown(shop: Shop) -> None:
    result = shop.run_ok("identify", "shop", "rice.png")
    assert "unknown" in result.out
    assert "Green tea" not in result.out


def test_the_json_line_is_the_contract_to_the_letter(shop: Shop) -> None:
    (line,) = shop.run_ok("identify", "shop", "tea.png", "--json").lines
    assert list(line) == ["image", "index_version", "elapsed_ms", "detections"]
    assert line["image"] == "tea.png"
    assert line["index_version"] == 3
    assert line["elapsed_ms"] == {
        "detect": 1, "embed": 2, "shortlist": 3, "verify": 4, "total": 10
    }  # fmt: skip
    (detection,) = line["detections"]
    assert list(detection) == DETECTION_KEYS
    assert detection["box"] == [0.0, 0.0, 64.0, 48.0]
    assert detection["outline"] == [[0.0, 0.0], [64.0, 0.0], [64.0, 48.0], [0.0, 48.0]]
    assert detection["verdict"] == "identical"
    assert (detection["product_id"], detection["probability"]) == ("tea", 0.98)
    assert (detection["confidence"], detection["inliers"]) == (0.9, 57)
    assert (detection["coverage"], detection["agreement"]) == (0.61, 0.83)
    assert len(detection["reference_image"]) == 64
    first, second = detection["candidates"]
    assert list(first) == ["product_id", "similarity", "probability"]
    assert (first["product_id"], first["probability"]) == ("tea", 0.98)
    assert (second["product_id"], second["probability"]) == ("milk", 0.0)


def test_the_json_names_the_best_product_of_an_unknown_thing_without_evidence(shop: Shop) -> None:
    (line,) = shop.run_ok("identify", "shop", "rice.png", "--json").lines
    (detection,) = line["detections"]
    assert list(detection) == DETECTION_KEYS
    assert detection["verdict"] == "unknown"
    assert detection["product_id"] in ("tea", "milk")
    assert (detection["inliers"], detection["outline"], detection["reference_image"]) == (
        0, [], None
    )  # fmt: skip


def test_an_empty_catalog_answers_that_it_knows_nothing(shop: Shop) -> None:
    shop.run_ok("catalog", "create", "empty")
    (line,) = shop.run_ok("identify", "empty", "tea.png", "--json").lines
    assert [detection["product_id"] for detection in line["detections"]] == [None]
    assert "unknown" in shop.run_ok("identify", "empty", "tea.png").out


def test_many_photos_are_answered_in_the_order_given(shop: Shop) -> None:
    names = ["milk.png", "rice.png", "tea.png", "milk.png"]
    lines = shop.run_ok("identify", "shop", *names, "--json").lines
    assert [line["image"] for line in lines] == names


def test_one_broken_photo_is_named_and_the_others_are_answered(shop: Shop) -> None:
    (shop.folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    result = shop.run(
        "identify", "shop", "tea.png", "broken.jpg", "missing.jpg", "milk.png", "--json"
    )
    assert result.code == 1
    assert [line["image"] for line in result.lines] == ["tea.png", "milk.png"]
    broken, missing = result.err.splitlines()
    assert "broken.jpg" in broken
    assert "missing.jpg" in missing


def test_a_catalog_of_other_networks_is_refused_once_not_per_photo(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.api.shop.NETWORKS", "2")
    result = shop.run("identify", "shop", "tea.png", "milk.png")
    assert result.code == 1
    assert "--switch" in result.sentence
    shop.run_ok("catalog", "model", "shop", "--switch")
    assert "Green tea" in shop.run_ok("identify", "shop", "tea.png").out


def test_a_name_with_brackets_or_broken_letters_is_printed_as_it_is(shop: Shop) -> None:
    odd = b"[red]\xff\x1b[31m.png"
    path = Path(str(shop.folder)) / odd.decode("utf-8", "surrogateescape")
    path.write_bytes((shop.folder / "tea.png").read_bytes())
    result = shop.run_ok("identify", "shop", path.name)
    assert "[red]" in result.out
    assert "\x1b[31m" not in result.out
    (line,) = shop.run_ok("identify", "shop", path.name, "--json").lines
    assert line["image"] == path.name


def test_photos_are_not_kept_in_memory(shop: Shop) -> None:
    result = shop.run_ok("identify", "shop", *["tea.png"] * 50, "--json")
    assert len({json.dumps(line) for line in result.lines}) == 1


def test_a_catalog_that_is_missing_is_one_sentence(shop: Shop) -> None:
    result = shop.run("identify", "shopp", "tea.png")
    assert result.code == 1
    assert "shopp" in result.sentence


def test_explain_shows_the_gates_and_the_end(shop: Shop) -> None:
    result = shop.run_ok("explain", "shop", "tea.png", "tea")
    assert "detector" in result.out
    assert "came through" in result.out
    lost = shop.run_ok("explain", "shop", "tea.png", "milk")
    assert "lost at: decision" in lost.out


def test_explain_in_json_is_one_line_with_every_gate(shop: Shop) -> None:
    (line,) = shop.run_ok("explain", "shop", "tea.png", "milk", "--json").lines
    assert list(line) == ["image", "product_id", "lost_at", "gates", "match"]
    assert line["lost_at"] == "decision"
    assert list(line["gates"][0]) == ["name", "passed", "value", "needed", "sentence"]
    assert list(line["match"]) == DETECTION_KEYS


@pytest.mark.parametrize("product_id", ["rice", "../tea", "", "ü", "x" * 300])
def test_explaining_a_product_that_cannot_be_is_one_sentence(shop: Shop, product_id: str) -> None:
    result = shop.run("explain", "shop", "tea.png", product_id)
    assert result.code == 1
    assert result.sentence
