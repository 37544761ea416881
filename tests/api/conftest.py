"""A shop with two products, and a command line in it."""

from pathlib import Path

import pytest
from PIL import Image

from api.settings import variables
from tests.api.shop import Shop
from tests.catalog.support.fakes import pixels


@pytest.fixture
def empty_shop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shop:
    """A folder without a catalog."""
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SKULENS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name, seed in (("tea.png", 1), ("milk.png", 2), ("rice.png", 3)):
        Image.fromarray(pixels(seed, 64, 48)).save(tmp_path / name)
    return Shop(tmp_path, capsys)


@pytest.fixture
def shop(empty_shop: Shop) -> Shop:
    """The catalog `shop` holds tea and milk; there is a picture of rice, too."""
    empty_shop.run_ok("catalog", "create", "shop")
    empty_shop.run_ok("product", "add", "shop", "tea", "tea.png", "--name", "Green tea")
    empty_shop.run_ok("product", "add", "shop", "milk", "milk.png")
    return empty_shop
