"""Samples that a calibration is fitted to."""

from dataclasses import replace

import pytest

from api.models.calibration_data import MOST_VIEWS_OF_ONE, catalog_samples
from catalog.records.feedback import FeedbackVerdict
from tests.api.cli.catalog.test_calibrate import WRONG, opened, taken
from tests.api.shop import Shop
from tests.catalog.support.fakes import picture


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


def test_a_file_servers_files_in_the_world_are_no_photos(shop: Shop) -> None:
    photos = taken(shop, unknown=3)
    for name in ("@eaDir/x.jpg", "milk/@eaDir/x.jpg", "_unknown/._z.png", "_unknown/y.png.part"):
        path = photos / "queries" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"no picture")
    shop.run_ok("catalog", "calibrate", "shop", "--photos", photos)


def test_the_catalog_gives_the_same_samples_for_the_same_seed(shop: Shop) -> None:
    catalog = opened(shop).snapshot()
    first, again = (catalog_samples(catalog, 3).samples for _ in range(2))
    known = [(sample.kind, sample.left_out) for sample in first]
    assert known == [(sample.kind, sample.left_out) for sample in again]
    assert len(first) == 2 * MOST_VIEWS_OF_ONE


def test_a_catalog_of_one_product_gives_no_samples(shop: Shop) -> None:
    store = opened(shop)
    store.remove_product("milk")
    assert catalog_samples(store.snapshot()).samples == []
