import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.records.product import is_valid_id
from tests.training import shop
from training.render.designs.staples import rice
from training.render.designs.studio import Studio
from training.render.paint.canvas import Canvas
from training.render.paint.fonts import Face, FontSet, bundled_fonts
from training.render.paint.solids import Carton, Pouch, Solid, Tin
from training.render.shop import (
    draw_catalog_pictures,
    draw_studio_picture,
    make_stranger,
    write_pictures,
)


def printed_front(solid: Solid) -> NDArray[np.uint8]:
    return solid.label if isinstance(solid, Tin) else solid.front


def twins() -> Iterator[tuple[Carton, Carton]]:
    for product in shop.products():
        if product.twin is not None and product.product_id < product.twin:
            pair = product.solid, shop.product(product.twin).solid
            assert isinstance(pair[0], Carton)
            assert isinstance(pair[1], Carton)
            yield pair[0], pair[1]


def test_the_shop_has_a_dozen_products_with_ids_that_a_catalog_takes() -> None:
    ids = [product.product_id for product in shop.products()]
    assert len(ids) >= 12
    assert len(set(ids)) == len(ids)
    assert all(is_valid_id(product_id) for product_id in ids)


def test_there_are_cartons_tins_and_pouches() -> None:
    kinds = {type(product.solid) for product in shop.products()}
    assert kinds == {Carton, Tin, Pouch}


def test_the_stranger_is_not_in_the_shop() -> None:
    ids = {product.product_id for product in shop.products()}
    assert shop.stranger().product_id not in ids
    assert shop.stranger().twin is None


def test_there_are_two_pairs_of_twins_that_name_each_other() -> None:
    paired = [product for product in shop.products() if product.twin is not None]
    assert len(paired) == 4
    assert all(shop.product(product.twin or "").twin == product.product_id for product in paired)


def test_twins_share_their_layout_and_differ_in_a_part_of_the_front() -> None:
    for first, second in twins():
        difference = np.abs(first.front.astype(int) - second.front).max(axis=2) > 24
        assert 0.04 < difference.mean() < 0.45
        rows = difference.mean(axis=1)
        logo = rows[: len(rows) // 4]
        assert logo.max() == 0, "a brand's logo is the same on every flavour"


def test_twins_have_barcodes_of_their_own_and_the_figures_of_their_brand() -> None:
    studio = Studio(FontSet(None), shop.SEED)
    first = studio.facts("lumera-orange", "lumera", "orange juice", "1 L")
    second = studio.facts("lumera-apple", "lumera", "apple juice", "1 L")
    assert first.digits != second.digits
    assert first.rows == second.rows


def test_different_products_look_different() -> None:
    small = [
        cv2.resize(printed_front(product.solid), (32, 32), interpolation=cv2.INTER_AREA)
        for product in shop.products()
        if product.twin is None
    ]
    for index, first in enumerate(small):
        for second in small[:index]:
            assert np.abs(first.astype(int) - second).mean() > 15


def test_every_front_is_rich_enough_for_keypoints() -> None:
    sift = cv2.SIFT.create(nfeatures=3000)
    for product in (*shop.products(), shop.stranger()):
        picture = draw_studio_picture(product.solid, 0.0, 0.0, side=400)
        assert len(sift.detect(picture, None)) > 150, product.product_id


def read_barcode(face: NDArray[np.uint8]) -> str:
    large = cv2.resize(face, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found, *_ = cv2.barcode.BarcodeDetector().detectAndDecode(large)
    return str(found)


def test_a_printed_barcode_can_be_read_by_a_scanner() -> None:
    milk = shop.product("almhorn-milk").solid
    assert isinstance(milk, Carton)
    assert read_barcode(milk.side).startswith("200")


def test_a_printed_square_code_names_its_product() -> None:
    milk = shop.product("almhorn-milk").solid
    assert isinstance(milk, Carton)
    large = cv2.resize(milk.side, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    text, *_ = cv2.QRCodeDetector().detectAndDecode(large)
    assert text.endswith("almhorn-milk")


def test_one_seed_prints_the_same_pixels_and_another_seed_others() -> None:
    again, other = make_stranger(shop.SEED).solid, make_stranger(shop.SEED + 1).solid
    first = shop.stranger().solid
    assert isinstance(first, Carton)
    assert isinstance(again, Carton)
    assert isinstance(other, Carton)
    assert np.array_equal(first.front, again.front)
    assert np.array_equal(first.side, again.side)
    assert not np.array_equal(first.front, other.front)


@pytest.mark.parametrize("folder", [None, Path("no") / "such" / "folder"])
def test_packaging_can_be_printed_without_any_font_file(folder: Path | None) -> None:
    carton = rice(Studio(FontSet(folder), shop.SEED))
    assert carton.front.std() > 20


def test_the_bundled_fonts_are_found() -> None:
    folder = bundled_fonts()
    assert folder is not None
    assert all((folder / face.value).is_file() for face in Face if face.value)


def test_the_angled_picture_shows_a_side_that_the_front_does_not() -> None:
    product = shop.product("jaderiver-jasmine")
    front, angle = draw_catalog_pictures(product)
    assert (front.name, angle.name) == ("front.jpg", "angle.jpg")
    assert angle.image.shape[1] / angle.image.shape[0] > front.image.shape[1] / front.image.shape[0]


def test_a_studio_picture_is_mostly_product_on_pale_paper() -> None:
    picture = draw_studio_picture(shop.product("brisq-alpine").solid, 0.0, 0.0)
    corner = picture[:10, :10].reshape(-1, 3).mean(axis=0)
    assert corner.min() > 225
    dark = picture.min(axis=2) < 200
    assert 0.5 < dark.mean() < 0.95


def test_written_pictures_come_with_a_manifest_that_names_them(tmp_path: Path) -> None:
    some = shop.products()[:2]
    steps: list[tuple[int, int]] = []
    write_pictures(tmp_path / "pictures", some, lambda done, total: steps.append((done, total)))
    lines = (tmp_path / "pictures" / "products.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["product_id"] for record in records] == [product.product_id for product in some]
    assert all((tmp_path / "pictures" / name).is_file() for r in records for name in r["images"])
    assert steps == [(1, 2), (2, 2)]


def test_lettering_on_an_arch_and_in_a_box_leaves_ink() -> None:
    canvas = Canvas(200, 120, (255, 255, 255), FontSet(bundled_fonts()))
    canvas.arched((100, 110), 80, "ARCH", Face.BOLD, 18, (0, 0, 0))
    arch = canvas.finish().copy()
    canvas.fitted((20, 60, 180, 110), "box", Face.BOLD, (0, 0, 0))
    box = canvas.finish()
    assert (arch[:60] < 128).any()
    assert (box[60:110, 20:180] < 128).mean() > (arch[60:110, 20:180] < 128).mean() + 0.1
