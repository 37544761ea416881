from pathlib import Path

import pytest

from tests.api.shop import Shop
from tests.catalog.support.fakes import picture


@pytest.fixture
def tea(tmp_path: Path, shop: Shop) -> Shop:
    shop.run_ok("catalog", "create", "drinks")
    for seed in range(3):
        (tmp_path / f"{seed}.png").write_bytes(picture(seed).data)
    shop.run_ok("product", "add", "drinks", "tea", tmp_path / "0.png", "--attribute", "price=2")
    return shop


def shown(shop: Shop) -> dict[str, object]:
    (line,) = shop.run_ok("product", "show", "drinks", "tea", "--json").lines
    assert isinstance(line, dict)
    return line


def test_what_is_left_out_of_an_update_stays(tea: Shop) -> None:
    tea.run_ok("product", "update", "drinks", "tea", "--name", "Green tea", "--attribute", "l=0.5")
    product = shown(tea)
    assert (product["name"], product["revision"]) == ("Green tea", 2)
    assert product["attributes"] == {"price": 2.0, "l": 0.5}
    tea.run_ok("product", "update", "drinks", "tea", "--without", "price")
    assert shown(tea)["attributes"] == {"l": 0.5}


def test_an_update_for_another_revision_is_refused(tea: Shop) -> None:
    result = tea.run("product", "update", "drinks", "tea", "--name", "x", "--if-revision", 7)
    assert result.code == 1
    assert "revision 1, expected 7" in result.sentence


def test_pictures_are_replaced_and_taken_away(tea: Shop, tmp_path: Path) -> None:
    tea.run_ok("product", "replace-images", "drinks", "tea", tmp_path / "1.png", tmp_path / "2.png")
    images = shown(tea)["images"]
    assert isinstance(images, list)
    assert [image["source_name"] for image in images] == ["1.png", "2.png"]
    tea.run_ok("product", "remove-image", "drinks", "tea", images[0]["image_id"][:12])
    assert shown(tea)["images"] == images[1:]
    assert tea.run("product", "remove-image", "drinks", "tea", "ffff").code == 1


def test_issues_of_pictures_are_noted_and_refused_by_setting(
    tea: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = tea.run_ok("product", "add", "drinks", "copy", tmp_path / "0.png")
    assert "picture of product tea already" in result.err
    monkeypatch.setenv("SKULENS_ENROLMENT_REFUSES", "blury")
    result = tea.run("product", "list", "drinks")
    assert result.code == 1
    assert "small, blurred, plain, duplicate, twin" in result.sentence
