"""`skulens product outline` and what is kept of pictures that are added."""

from pathlib import Path

import pytest

from tests.api.shop import Shop
from tests.catalog.support.fakes import picture

CORNERS = "2,2 30,2 30,25 2,25"


@pytest.fixture
def tea(tmp_path: Path, shop: Shop) -> Shop:
    shop.run_ok("catalog", "create", "drinks")
    for seed in range(3):
        (tmp_path / f"{seed}.png").write_bytes(picture(seed).data)
    shop.run_ok("product", "add", "drinks", "tea", tmp_path / "0.png")
    return shop


def image_of(shop: Shop) -> str:
    (line,) = shop.run_ok("product", "show", "drinks", "tea", "--json").lines
    return str(line["images"][0]["image_id"])


def test_every_picture_that_is_added_has_a_line(tea: Shop, tmp_path: Path) -> None:
    added = tea.run_ok("product", "add", "drinks", "oat", tmp_path / "1.png", tmp_path / "2.png")
    assert [line.split(":")[0] for line in added.out.splitlines()[1:]] == ["1.png", "2.png"]
    (line,) = tea.run_ok(
        "product", "add", "drinks", "rye", tmp_path / "1.png", "--whole", "--json"
    ).lines
    assert [(kept["kind"], kept["by"]) for kept in line["kept"]] == [("whole", "person")]


def test_what_is_kept_is_shown_and_chosen(tea: Shop) -> None:
    image = image_of(tea)
    (shown,) = tea.run_ok("product", "outline", "drinks", "tea", "--json").lines
    assert (shown["image_id"], shown["by"]) == (image, "nothing")
    chosen = tea.run_ok("product", "outline", "drinks", "tea", image[:9], "--outline", CORNERS)
    assert chosen.out == "0.png: photo; kept is what you chose\n"
    (shown,) = tea.run_ok("product", "outline", "drinks", "tea", image[:9], "--json").lines
    assert shown["outline"] == [[2, 2], [30, 2], [30, 25], [2, 25]]
    whole = tea.run_ok("product", "outline", "drinks", "tea", image, "--whole")
    assert whole.out.startswith("0.png: whole")
    back = tea.run_ok("product", "outline", "drinks", "tea", image, "--automatic", "--json").lines
    assert back[0]["kept"][0]["by"] == "nothing"


def test_what_cannot_be_chosen_is_refused(tea: Shop) -> None:
    image = image_of(tea)
    outside = tea.run("product", "outline", "drinks", "tea", image, "--outline", "0,0 9,0 9,9 0,99")
    assert outside.code == 1
    assert "corner 4 of the outline (0,99) lies outside 0.png" in outside.sentence
    assert tea.run("product", "outline", "drinks", "tea", image, "--outline", "0,0").code == 2
    assert tea.run("product", "outline", "drinks", "tea", "--whole").code == 2
    both = ("--whole", "--automatic")
    assert tea.run("product", "outline", "drinks", "tea", image, *both).code == 2
    assert tea.run("product", "outline", "drinks", "tea", "ffff", "--whole").code == 1
