import pytest
from PIL import Image

from tests.api.shop import Shop


@pytest.fixture
def photo(shop: Shop) -> str:
    Image.new("RGB", (160, 120), (90, 120, 150)).save(shop.folder / "photo.png")
    return str(shop.folder / "photo.png")


def test_what_is_meant_is_a_sentence_and_a_table(shop: Shop, photo: str) -> None:
    output = shop.run_ok("crop", "propose", photo).out
    assert "A painting of 40 by 60 pixels at (20, 30) is meant, and 1 more may be." in output
    assert "object" in output


def test_as_json_it_is_the_answer_of_the_service(shop: Shop, photo: str) -> None:
    (line,) = shop.run_ok("crop", "propose", photo, "--json").lines
    assert (line["image"], line["width"], line["height"]) == (photo, 160, 120)
    assert [proposal["kind"] for proposal in line["proposals"]] == ["painting", "object", "whole"]
    assert line["proposals"][0]["box"] == [20, 30, 60, 90]


def test_a_tap_brings_the_object_first(shop: Shop, photo: str) -> None:
    (line,) = shop.run_ok("crop", "propose", photo, "--point", "120,60", "--json").lines
    assert line["proposals"][0]["kind"] == "object"


def test_a_tap_outside_is_refused_and_a_misspelt_one_wrong_usage(shop: Shop, photo: str) -> None:
    outside = shop.run("crop", "propose", photo, "--point", "500,60")
    assert outside.code == 1
    assert "lies outside the picture, which is 160 by 120 pixels" in outside.sentence
    assert shop.run("crop", "propose", photo, "--point", "left").code == 2


def test_a_picture_of_one_pixel_and_none_at_all_are_one_sentence(shop: Shop) -> None:
    Image.new("RGB", (1, 1)).save(shop.folder / "dot.png")
    assert "16" in shop.run("crop", "propose", shop.folder / "dot.png").sentence
    assert shop.run("crop", "propose", shop.folder / "nothing.png").code == 1
