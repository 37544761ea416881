"""Films as people have them, through the shipped networks: the same products are named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from av.video.reformatter import ColorTrc

import api.demo
from api.services import build_services
from api.settings import load_settings
from catalog.ingest.image_file import ImageFile
from skulens import ProductCatalog, open_catalog
from tests.networks import link_networks
from tests.stream.films import base_film, pictures_of, write_hdr, write_interlaced

# The first start compiles the networks.
pytestmark = [pytest.mark.weights, pytest.mark.data, pytest.mark.timeout(400)]
SHOP: Final = Path(api.demo.__path__[0]) / "shop" / "pictures"
FIELD: Final = base_film().parent
SHOWN: Final = "lumera-orange"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductCatalog]:
    """The product of the film, and one that looks much like it."""
    folder = tmp_path_factory.mktemp("shop")
    settings = {
        "SKULENS_STORAGE": str(folder / "data"),
        "SKULENS_CACHE_DIR": str(link_networks(folder / "cache")),
        "SKULENS_THREADS": "1",
    }
    with build_services(load_settings(settings)) as services:
        store = services.catalogs.create("shop")
        for product_id in (SHOWN, "lumera-apple"):
            paths = sorted((SHOP / product_id).iterdir())
            store.add_product(product_id, [ImageFile(p.name, p.read_bytes()) for p in paths])
        store.close()
    with open_catalog("shop", settings) as catalog:
        yield catalog


def named(shop: ProductCatalog, film: Path) -> list[str | None]:
    seen = shop.match_video(film).appearances
    return [thing.product_id for thing in seen if thing.verdict == "identical"]


@pytest.mark.parametrize("name", ["base.mp4", "hdr_arib-std-b67.mp4", "inter.ts"])
def test_plain_hdr_and_interlaced_films_name_the_same_product(
    name: str, shop: ProductCatalog
) -> None:
    assert named(shop, FIELD / name) == [SHOWN]


def test_a_joined_film_whose_clock_goes_back_names_it_in_both_parts(shop: ProductCatalog) -> None:
    assert set(named(shop, FIELD / "joined_back.ts")) == {SHOWN}


def test_a_film_in_pq_names_it(shop: ProductCatalog, tmp_path: Path) -> None:
    film = write_hdr(tmp_path / "pq.mp4", pictures_of(base_film()), ColorTrc.SMPTE2084)
    assert named(shop, film) == [SHOWN]


def test_a_film_with_the_bottom_field_first_names_it(shop: ProductCatalog, tmp_path: Path) -> None:
    pictures = pictures_of(base_film())
    film = write_interlaced(tmp_path / "50i.ts", pictures, top_first=False, codec="libx264")
    assert named(shop, film) == [SHOWN]
