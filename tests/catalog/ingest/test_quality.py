from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from catalog.encodings.encoding import Encoding
from catalog.errors import PictureError
from catalog.ingest.image_file import ImageFile
from catalog.ingest.quality import IssueKind, QualityRules, inspect_image, measure_blur
from catalog.store import CatalogStore
from catalog.transfer.importer import import_path
from tests.catalog.support.fakes import FakeEncoder, MemoryStorage, encoded, picture, pixels

CRISP = QualityRules(smallest_side=16, fewest_keypoints=1)


def photo(seed: int = 0) -> NDArray[np.uint8]:
    """Fine print: sharp edges everywhere."""
    cells = np.random.default_rng(seed).integers(0, 256, (60, 60, 3), np.uint8)
    return np.asarray(cv2.resize(cells, (360, 360), interpolation=cv2.INTER_NEAREST), np.uint8)


def blurred(image: NDArray[np.uint8], pixels_wide: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), pixels_wide), np.uint8)


def of(image: NDArray[np.uint8], keypoints: int = 100) -> Encoding:
    return FakeEncoder(keypoints=keypoints).encode(image, ())


def faults(image: NDArray[np.uint8], keypoints: int = 100) -> list[IssueKind]:
    found = inspect_image("a.jpg", image, of(image, keypoints), QualityRules())
    return [issue.kind for issue in found]


def store_with(memory: MemoryStorage, rules: QualityRules) -> CatalogStore:
    from catalog.registry import Catalogs

    return Catalogs(memory, FakeEncoder(), rules).create("shop")


def named(image: NDArray[np.uint8], name: str) -> ImageFile:
    return ImageFile(name, encoded(Image.fromarray(image)))


def test_a_good_picture_has_no_fault() -> None:
    assert faults(photo()) == []


def test_a_small_picture_is_found_and_its_size_named() -> None:
    small = photo()[:90, :300]
    (issue,) = inspect_image("a.jpg", small, of(small, 100), QualityRules())
    assert issue.kind is IssueKind.SMALL
    assert "300x90" in issue.sentence


def test_a_blurred_picture_is_found() -> None:
    assert faults(blurred(photo(), 6)) == [IssueKind.BLURRED]


def test_a_picture_without_texture_is_found() -> None:
    assert faults(photo(), keypoints=3) == [IssueKind.PLAIN]


def test_one_colour_is_plain_not_blurred() -> None:
    assert faults(np.full((200, 200, 3), 90, np.uint8), keypoints=0) == [IssueKind.PLAIN]


def test_blur_does_not_depend_on_contrast() -> None:
    pale = (photo() // 2 + 60).astype(np.uint8)
    assert measure_blur(pale) == pytest.approx(measure_blur(photo()), abs=0.05)
    assert measure_blur(blurred(pale, 3)) > QualityRules().blur


def test_a_picture_that_another_product_has_is_reported_with_that_product(
    memory: MemoryStorage,
) -> None:
    store = store_with(memory, CRISP)
    assert store.add_product("first", [picture(1)]).issues == ()
    (issue,) = store.add_product("second", [picture(1)]).issues
    assert (issue.kind, issue.product_id) == (IssueKind.DUPLICATE, "first")


def test_a_near_twin_is_reported_with_its_similarity(memory: MemoryStorage) -> None:
    store = store_with(memory, CRISP)
    store.add_product("orange", [named(pixels(1), "orange.png")])
    nearly = pixels(1).copy()
    nearly[0, 0] ^= 255
    (issue,) = store.add_product("grapefruit", [named(nearly, "grapefruit.png")]).issues
    assert (issue.kind, issue.product_id) == (IssueKind.TWIN, "orange")
    assert issue.similarity is not None
    assert 0.9 <= issue.similarity <= 1


def test_further_pictures_of_one_product_are_no_twins(memory: MemoryStorage) -> None:
    store = store_with(memory, CRISP)
    store.add_product("orange", [named(pixels(1), "a.png")])
    nearly = pixels(1).copy()
    nearly[0, 0] ^= 255
    assert store.add_images("orange", [named(nearly, "b.png")]).issues == ()


def test_what_a_setting_refuses_is_not_taken_in_and_changes_nothing(memory: MemoryStorage) -> None:
    rules = QualityRules(frozenset({IssueKind.DUPLICATE}), smallest_side=16, fewest_keypoints=1)
    store = store_with(memory, rules)
    version = store.add_product("first", [picture(1)]).index_version
    with pytest.raises(PictureError, match="product first already") as refused:
        store.add_product("second", [picture(1, "copy.png")])
    assert refused.value.name == "copy.png"
    assert store.state().sequence == version


def test_damage_elsewhere_does_not_stop_a_new_product(memory: MemoryStorage) -> None:
    store_with(memory, CRISP).add_product("first", [picture(1)])
    for key in [key for key in memory.objects if "/features/" in key]:
        del memory.objects[key]
    from tests.catalog.support.fakes import same_store

    assert same_store(memory).add_product("second", [picture(2)]).product.revision == 1


def test_twins_within_one_import_are_reported_and_products_keep_the_order_of_the_manifest(
    memory: MemoryStorage, tmp_path: Path
) -> None:
    for number in range(12):
        (tmp_path / f"p{number:02d}").mkdir()
        image = pixels(number // 2).copy()
        image[0, 0] ^= 255 * (number % 2)
        (tmp_path / f"p{number:02d}" / "a.png").write_bytes(named(image, "a.png").data)
    store = store_with(memory, CRISP)
    report = import_path(store, tmp_path)
    assert list(store.state().products) == [f"p{number:02d}" for number in range(12)]
    reported = [bool(row.issues) for row in report.rows]
    assert reported[1::2] == [True] * 6
