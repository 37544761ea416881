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
from tests.catalog.support.fakes import FakeEncoder, pixels

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
