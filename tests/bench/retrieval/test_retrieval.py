"""Shortlists: where the right product stands in them, asked by photos and their crops."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.recognition.dataset import PhotoQuery
from bench.recognition.protocols import lay_out_grocery
from bench.retrieval.rankers import LikenessRanker
from bench.retrieval.retrieval import (
    KEYPOINTS,
    PhotoView,
    SearchedCatalog,
    ViewMaker,
    measure_retrieval,
)
from matcher.imaging.box import Box
from matcher.keypoints.features import LocalFeatures
from matcher.results import Detection
from matcher.retrieval.untrained import ColourEmbedder
from tests.bench.scenery import write_picture

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 30), (30, 30, 220)
COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}


class NoKeypoints:
    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        assert limit > 0
        height, width = image.shape[:2]
        nothing, none = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
        return LocalFeatures(nothing, none, none, none, np.zeros((0, 4), np.float32), width, height)


class Middle:
    """Finds the middle of a picture, or nothing."""

    def __init__(self, *, finds: bool = True) -> None:
        self._finds = finds

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        height, width = image.shape[:2]
        box = Box(width / 4, height / 4, 3 * width / 4, 3 * height / 4)
        return (Detection(box, 0.9),) if self._finds else ()


class FixedRanker:
    uses = (KEYPOINTS,)

    def __init__(self, *products: str) -> None:
        self.name = "says"
        self._products = products

    def rank(self, view: PhotoView) -> Sequence[str]:
        assert view.crop.image.ndim == 3
        return self._products


def solid(colour: tuple[int, int, int], around: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.full((80, 80, 3), around, np.uint8)
    image[20:60, 20:60] = colour
    return image


def looker(*, finds: bool = True) -> ViewMaker:
    return ViewMaker(Middle(finds=finds), NoKeypoints(), {"colours": ColourEmbedder()})  # type: ignore[arg-type]


def by_colour() -> LikenessRanker:
    pictures = [np.full((40, 40, 3), colour, np.uint8) for colour in COLOURS.values()]
    return LikenessRanker("colours", "colours", list(COLOURS), ColourEmbedder().embed(pictures))


@pytest.fixture
def photo(tmp_path: Path) -> PhotoQuery:
    """Something red in green surroundings."""
    write_picture(tmp_path / "photo.png", solid(RED, GREEN))
    return PhotoQuery(tmp_path / "photo.png", "red", ("seen", "front"))


def test_the_crop_names_what_the_whole_photo_hides(photo: PhotoQuery) -> None:
    catalog = SearchedCatalog("three", 3, (by_colour(),))
    (figures,) = measure_retrieval([photo], [catalog], looker()).figures
    assert (figures.crop[1].value, figures.whole[1].value, figures.any_look[1].value) == (1, 0, 1)
    assert figures.whole[5].value == 1.0
    assert {name: share.value for name, share in figures.groups.items()} == {
        "front": 1.0,
        "seen": 1.0,
    }
    assert figures.median_ms > 0


def test_without_a_box_the_whole_photo_asks(photo: PhotoQuery) -> None:
    catalog = SearchedCatalog("three", 3, (by_colour(),))
    (figures,) = measure_retrieval([photo], [catalog], looker(finds=False)).figures
    assert figures.crop[1].value == figures.whole[1].value == 0.0


def test_a_product_that_is_not_listed_counts_at_no_depth(photo: PhotoQuery) -> None:
    catalogs = [
        SearchedCatalog("one", 2, (FixedRanker("green", "blue"), FixedRanker("green", "red")))
    ]
    result = measure_retrieval([photo, PhotoQuery(photo.path, None)], catalogs, looker())
    absent, second = result.figures
    assert result.photos == 1
    assert absent.any_look[20].value == 0.0
    assert (second.any_look[1].value, second.any_look[5].value) == (0.0, 1.0)
    assert len(result.table().rows) == 2
    assert result.to_json()["photos"] == 1


def test_photos_of_unknown_products_alone_are_refused(photo: PhotoQuery) -> None:
    with pytest.raises(BenchError, match="no photo"):
        measure_retrieval([PhotoQuery(photo.path, None)], [], looker())


def test_the_catalog_holds_all_grocery_products_and_as_many_clothes_as_requested(
    tmp_path: Path,
) -> None:
    for name in ("Milk", "Pear"):
        write_picture(tmp_path / "grocery" / "catalog" / name / "iconic.png", solid(RED, GREEN))
    for number in range(3):
        write_picture(tmp_path / "clothing_cc0" / f"{number}.png", solid(BLUE, GREEN))
    folder = lay_out_grocery(tmp_path, tmp_path / "out", 2)
    assert {path.name for path in folder.iterdir()} == {"Milk", "Pear", "clothes-0", "clothes-1"}
    with pytest.raises(BenchError):
        lay_out_grocery(tmp_path / "missing", tmp_path / "other", 0)
