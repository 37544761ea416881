"""Pictures as people have them, through the shipped networks: the same products are named."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from api.services import build_services
from api.settings import load_settings
from catalog.ingest.image_file import ImageFile, read_image
from skulens import ProductCatalog, open_catalog
from tests.catalog.ingest.decode.colour_spaces import ADOBE, DISPLAY_P3, PROPHOTO, ColourSpace
from tests.catalog.ingest.decode.png_files import chunk, with_chunks
from tests.golden.pictures import carton, place, shrunk, table
from tests.networks import link_networks

# The first start compiles the networks.
pytestmark = [pytest.mark.weights, pytest.mark.timeout(300)]
SPACES: Final = {"Display P3": DISPLAY_P3, "Adobe RGB": ADOBE, "ProPhoto": PROPHOTO}


def photo() -> NDArray[np.uint8]:
    """Two cartons on a table."""
    scene = table(480, 360)
    place(scene, shrunk("mint", 130, 190), 40, 90)
    place(scene, shrunk("plum", 140, 205), 280, 80)
    return scene


def saved(image: NDArray[np.uint8], kind: str = "JPEG", space: ColourSpace | None = None) -> bytes:
    file = BytesIO()
    stored = image if space is None else space.store(image)
    profile = b"" if space is None else space.profile
    Image.fromarray(stored).save(file, kind, quality=92, icc_profile=profile)
    return file.getvalue()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductCatalog]:
    """A catalog whose references came in as phones and studios save them."""
    folder = tmp_path_factory.mktemp("shop")
    settings = {
        "SKULENS_STORAGE": str(folder / "data"),
        "SKULENS_CACHE_DIR": str(link_networks(folder / "cache")),
        "SKULENS_THREADS": "1",
    }
    with build_services(load_settings(settings)) as services:
        store = services.catalogs.create("shop")
        store.add_product("mint", [ImageFile("mint.jpg", saved(carton("mint"), space=PROPHOTO))])
        plum = with_chunks(saved(carton("plum"), "PNG"), chunk(b"tEXt", b"a\0" + bytes(2_000_000)))
        store.add_product("plum", [ImageFile("plum.png", plum)])
        store.close()
    with open_catalog("shop", settings) as catalog:
        yield catalog


def named(shop: ProductCatalog, picture: bytes) -> dict[str | None, str]:
    return {found.product_id: found.verdict for found in shop.identify(picture).products}


def test_products_are_named_whatever_colours_a_photo_is_saved_in(shop: ProductCatalog) -> None:
    plain = named(shop, saved(photo()))
    assert plain["mint"] == plain["plum"] == "identical"
    for space in SPACES.values():
        assert named(shop, saved(photo(), space=space)) == plain


def test_products_are_named_in_a_photo_without_its_end_marker(shop: ProductCatalog) -> None:
    whole = saved(photo())
    assert named(shop, whole[:-2]) == named(shop, whole)


def test_products_are_named_in_a_png_full_of_notes(shop: ProductCatalog) -> None:
    whole = saved(photo(), "PNG")
    assert named(shop, with_chunks(whole, chunk(b"iTXt", b"a\0" * 2_000_000))) == named(shop, whole)


@pytest.mark.data
def test_the_photos_from_the_field_are_read_as_their_plain_copies(shared_data: Path) -> None:
    field = shared_data.parent / "field"
    prophoto, plain = (
        read_image((field / name).read_bytes(), name).astype(int)
        for name in ("f175_prophoto.jpg", "f175_srgb.jpg")
    )
    assert np.abs(prophoto - plain).mean() < 3
    for name in ("bigxmp.png", "jpeg_without_end_marker.jpg"):
        assert min(read_image((field / name).read_bytes(), name).shape[:2]) >= 200
