import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.api.shop import Shop
from tests.matcher.crops.locate.scenes import scene


def write(name: str, image: NDArray[np.uint8]) -> None:
    Image.fromarray(image).save(name)


def test_a_crop_is_named_with_its_corner(shop: Shop) -> None:
    write("snowy.png", scene(1))
    write("snowy-small.jpg", scene(1)[60:260, 120:420])
    result = shop.run_ok("crop", "locate", "snowy.png", "snowy-small.jpg")
    assert " ".join(result.out.split()) == (
        "snowy-small.jpg is a crop of snowy.png; its top-left corner lies at (120, 60)"
    )


def test_the_json_line_has_the_position_and_the_difference_is_a_picture(shop: Shop) -> None:
    write("full.png", scene(2))
    write("part.png", scene(2)[60:260, 120:420])
    arguments = ("crop", "locate", "part.png", "full.png", "--json", "--difference", "off.png")
    (line,) = shop.run_ok(*arguments).lines
    assert list(line) == [
        "a", "b", "relation", "probability", "crop", "position", "places", "sentence",
        "difference",
    ]  # fmt: skip
    assert (line["a"], line["relation"], line["crop"]) == ("part.png", "crop", "a")
    position = line["position"]
    assert abs(position["left"] - 120) < 0.2
    assert abs(position["height"] - 200) < 0.3
    assert json.dumps(position)
    with Image.open("off.png") as drawn:
        assert drawn.size == (300, 200)


def test_pictures_that_have_nothing_in_common_are_an_answer(shop: Shop) -> None:
    write("one.png", scene(3))
    write("other.png", scene(4))
    result = shop.run_ok("crop", "locate", "one.png", "other.png", "--difference", "off.png")
    assert "neither of one.png and other.png" in " ".join(result.out.split())
    assert not Path("off.png").exists()


def test_a_folder_is_searched_for_what_a_crop_was_cut_from(shop: Shop) -> None:
    Path("photos").mkdir()
    for number in (2, 3):
        write(f"photos/{number}.png", scene(number))
    write("part.png", scene(3)[60:260, 120:420])
    for pair in (("part.png", "photos"), ("photos", "part.png")):
        result = shop.run_ok("crop", "locate", *pair)
        assert " ".join(result.out.split()) == (
            "part.png is a crop of photos/3.png; its top-left corner lies at (120, 60)"
        )
    lines = shop.run_ok("crop", "locate", "part.png", "photos", "--json").lines
    assert [(line["b"], line["relation"]) for line in lines] == [
        ("photos/2.png", "unrelated"),
        ("photos/3.png", "crop"),
    ]


def test_a_folder_without_an_origin_says_so_and_names_what_cannot_be_read(shop: Shop) -> None:
    Path("photos").mkdir()
    write("photos/2.png", scene(2))
    Path("photos/words.jpg").write_text("no picture")
    write("part.png", scene(4)[60:260, 120:420])
    result = shop.run("crop", "locate", "part.png", "photos")
    assert result.code == 1
    assert "the one picture in photos is not related to part.png" in " ".join(result.out.split())
    assert "photos/words.jpg is not a picture" in " ".join(result.err.split())


def test_of_folders_only_one_is_taken_and_no_difference_is_drawn(shop: Shop) -> None:
    Path("photos").mkdir()
    write("part.png", scene(4))
    assert "no pictures in photos" in shop.run("crop", "locate", "part.png", "photos").err
    assert "is a folder" in shop.run("crop", "locate", "photos", "photos").err
    drawn = shop.run("crop", "locate", "part.png", "photos", "--difference", "off.png")
    assert drawn.code == 1
    assert "--difference" in drawn.err


def test_what_is_no_picture_is_refused(shop: Shop) -> None:
    write("one.png", scene(3))
    write("dot.png", scene(3)[:1, :1])
    Path("words.txt").write_text("no picture")
    assert "too small (1x1 pixels)" in " ".join(
        shop.run("crop", "locate", "one.png", "dot.png").err.split()
    )
    for name in ("words.txt", "nothing.png"):
        assert shop.run("crop", "locate", "one.png", name).code == 1


def test_a_difference_is_not_written_over_unless_forced(shop: Shop) -> None:
    write("full.png", scene(2))
    write("part.png", scene(2)[60:260, 120:420])
    Path("off.png").write_text("mine")
    order = ("crop", "locate", "full.png", "part.png", "--difference", "off.png")
    refused = shop.run(*order)
    assert refused.code == 1
    assert refused.out == ""
    assert "--force" in refused.err
    assert Path("off.png").read_text() == "mine"
    shop.run_ok(*order, "--force")
    with Image.open("off.png") as drawn:
        assert drawn.size == (300, 200)


def test_a_difference_that_cannot_be_kept_is_refused_before_the_work(shop: Shop) -> None:
    write("full.png", scene(2))
    for name in ("off.xyz", "off", ".png"):
        result = shop.run("crop", "locate", "full.png", "full.png", "--difference", name)
        assert (result.code, result.out) == (1, "")
        assert "extension" in result.err
    result = shop.run("crop", "locate", "full.png", "full.png", "--difference", "no/off.png")
    assert (result.code, result.out) == (1, "")
    assert result.sentence == "there is no folder no to write to."


def test_no_difference_is_written_over_one_of_the_pictures(shop: Shop) -> None:
    write("full.png", scene(2))
    write("part.png", scene(2)[60:260, 120:420])
    before = Path("full.png").read_bytes()
    for name in ("full.png", "./part.png"):
        order = ("crop", "locate", "full.png", "part.png", "--difference", name, "--force")
        result = shop.run(*order)
        assert (result.code, result.out) == (1, "")
        assert "is one of the pictures that are read" in " ".join(result.err.split())
    assert Path("full.png").read_bytes() == before


def test_a_large_folder_is_searched_where_nothing_can_be_kept(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.cli.crop.locate_folder.LOOKED_AT", 1)
    Path("photos").mkdir()
    for number in (3, 5):
        write(f"photos/{number}.png", scene(number, 240, 160))
    Path("photos/gone.png").symlink_to("nowhere.png")
    write("part.png", scene(3, 240, 160)[20:140, 30:200])
    Path("cache").mkdir(exist_ok=True)
    Path("cache/crops").write_text("no folder")
    result = shop.run("crop", "locate", "part.png", "photos")
    assert result.code == 1
    assert result.sentence == "there is no picture photos/gone.png."
    assert "part.png is a crop of photos/3.png" in " ".join(result.out.split())
