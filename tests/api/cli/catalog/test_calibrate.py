"""`catalog calibrate` and `catalog feedback`."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.records.feedback import Feedback, FeedbackVerdict
from catalog.registry import Catalogs
from catalog.storage.folder import FolderStorage
from catalog.store import CatalogStore
from tests.api.shop import JUDGE, NETWORKS, Shop
from tests.catalog.support.fakes import FakeEncoder, picture, pixels

WRONG = Feedback("", "", FeedbackVerdict.WRONG, "tea", probability=0.9)


def opened(shop: Shop) -> CatalogStore:
    """The catalog as another process sees it."""
    storage = FolderStorage(shop.folder / "data", durable=False)
    return Catalogs(storage, FakeEncoder(NETWORKS)).open("shop")


def taken(shop: Shop, unknown: int, known: int = 0) -> Path:
    """A folder of photos: of nothing in the catalog, and of milk."""
    rng = np.random.default_rng(1)
    folder = shop.folder / "photos" / "queries"
    for number in range(unknown):
        place = folder / "_unknown"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels(1000 + number, 64, 48)).save(place / f"{number}.png")
    for number in range(known):
        place = folder / "milk"
        place.mkdir(parents=True, exist_ok=True)
        noise = rng.integers(0, 20, (48, 64, 3), np.uint8)
        Image.fromarray(np.maximum(pixels(2, 64, 48), noise)).save(place / f"{number}.png")
    return shop.folder / "photos"


def test_a_catalog_alone_is_calibrated_with_its_own_products(shop: Shop) -> None:
    (line,) = shop.run_ok("catalog", "calibrate", "shop", "--json").lines
    assert line["samples"] == {"view": 8}
    assert (line["false_accept_rate"], line["before"]["threshold"]) == (0.01, 0.8)
    assert line["threshold"] >= 0.8
    assert any("can promise a rate" in note for note in line["notes"])
    assert line["after"]["known_named"] is None
    snapshot = opened(shop).snapshot()
    assert snapshot.index_version == line["index_version"] == 4
    assert snapshot.calibrations[JUDGE].threshold == pytest.approx(line["threshold"], abs=1e-4)


def test_photos_tell_the_rate_and_what_it_costs(shop: Shop) -> None:
    photos = taken(shop, unknown=150, known=20)
    result = shop.run_ok("catalog", "calibrate", "shop", "--photos", photos, "--json", "--dry-run")
    (line,) = result.lines
    assert line["samples"] == {"unknown": 150, "known": 20, "left_out": 20}
    assert line["after"]["known_named"]["samples"] == 20
    assert line["after"]["false_accept"]["value"] <= 0.01
    assert line["dry_run"] is True
    assert line["index_version"] == 3
    assert dict(opened(shop).snapshot().calibrations) == {}
    people = shop.run_ok("catalog", "calibrate", "shop", "--photos", photos)
    for words in ("unknowns called identical", "known named right", "left out", "is said from"):
        assert words in people.out
    assert opened(shop).snapshot().calibrations[JUDGE].false_accept_rate == 0.01


def test_feedback_with_pictures_is_learnt_from_and_without_is_named(shop: Shop) -> None:
    store = opened(shop)
    store.feedback.add(WRONG, picture(1))
    store.feedback.add(
        replace(WRONG, verdict=FeedbackVerdict.OTHER, other_product_id="milk"), picture(2)
    )
    store.feedback.add(replace(WRONG, verdict=FeedbackVerdict.RIGHT))
    (line,) = shop.run_ok("catalog", "calibrate", "shop", "--json").lines
    assert line["samples"] == {"wrong": 1, "confirmed": 1, "left_out": 1, "view": 8}
    # Tea was called wrong where the catalog is sure of it: that must not be said again.
    assert line["threshold"] > 0.98
    assert any("1 of 3 pieces of feedback have no picture" in note for note in line["notes"])


def test_how_a_catalog_decides_is_shown(shop: Shop) -> None:
    assert "as shipped" in shop.run_ok("catalog", "show", "shop").out
    shop.run_ok("catalog", "calibrate", "shop", "--unknown-share", "0.3")
    (line,) = shop.run_ok("catalog", "show", "shop", "--json").lines
    (calibration,) = line["calibrations"]
    assert (calibration["model_id"], calibration["unknown_share"]) == (JUDGE, 0.3)
    # The stand-ins are no networks that this machine has.
    assert "it is not used" in shop.run_ok("catalog", "show", "shop").out
    again = shop.run_ok("catalog", "calibrate", "shop", "--json").lines[0]
    assert again["unknown_share"] == 0.3


def test_a_reset_decides_as_shipped(shop: Shop) -> None:
    shop.run_ok("catalog", "calibrate", "shop")
    (line,) = shop.run_ok("catalog", "calibrate", "shop", "--reset", "--json").lines
    assert line == {"catalog": "shop", "index_version": 5, "reset": True}
    assert dict(opened(shop).snapshot().calibrations) == {}
    assert "as shipped" in shop.run_ok("catalog", "calibrate", "shop", "--reset").out


def test_one_product_alone_is_too_little(shop: Shop) -> None:
    shop.run_ok("product", "remove", "shop", "milk")
    result = shop.run("catalog", "calibrate", "shop")
    assert result.code == 1
    assert "it needs two products" in result.sentence


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [("nowhere", "there is no folder"), ("empty", "no photo"), ("strange", "no product")],
)
def test_photos_that_cannot_be_used_are_refused(shop: Shop, folder: str, sentence: str) -> None:
    (shop.folder / "empty").mkdir()
    (shop.folder / "strange" / "coffee").mkdir(parents=True)
    result = shop.run("catalog", "calibrate", "shop", "--photos", shop.folder / folder)
    assert result.code == 1
    assert sentence in result.sentence
    assert dict(opened(shop).snapshot().calibrations) == {}


def test_a_broken_photo_is_refused_and_a_reference_picture_left_out(shop: Shop) -> None:
    photos = taken(shop, unknown=3)
    milk = photos / "queries" / "milk"
    milk.mkdir()
    (milk / "same.png").write_bytes((shop.folder / "milk.png").read_bytes())
    result = shop.run_ok("catalog", "calibrate", "shop", "--photos", photos)
    assert "is a reference picture" in " ".join(result.err.split())
    (photos / "queries" / "_unknown" / "z.png").write_bytes(b"no picture")
    assert shop.run("catalog", "calibrate", "shop", "--photos", photos).code == 1


@pytest.mark.parametrize("rate", ["0", "1", "x"])
def test_a_rate_that_is_none_is_wrong_usage(shop: Shop, rate: str) -> None:
    assert shop.run("catalog", "calibrate", "shop", "--false-accept-rate", rate).code == 2
    assert shop.run("catalog", "calibrate", "shop", "--reset", "--dry-run").code == 2


def test_feedback_is_listed_newest_first(shop: Shop) -> None:
    assert "nobody said anything" in shop.run_ok("catalog", "feedback", "shop").out
    store = opened(shop)
    for note in ("first", "second", "third"):
        store.feedback.add(replace(WRONG, note=note))
    lines = shop.run_ok("catalog", "feedback", "shop", "--json").lines
    assert [line["note"] for line in lines] == ["third", "second", "first"]
    assert lines[0]["verdict"] == "wrong"
    result = shop.run_ok("catalog", "feedback", "shop", "--limit", "2")
    assert "2 of 3" in result.err
    assert json.loads(shop.run_ok("catalog", "show", "shop", "--json").out)["index_version"] == 6
