"""Pasted copies and how answers are counted against them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.recognition.copies import (
    CopiesOptions,
    CopiesScene,
    make_scenes,
    measure_copies,
    outline_iou,
    paste_copies,
)
from bench.recognition.cutout import cut_out
from matcher.results import Identification, Match
from tests.bench.scenery import identification, named_match, printed, write_picture


def on_white(seed: int) -> NDArray[np.uint8]:
    image = np.full((200, 200, 3), 255, np.uint8)
    image[30:190, 50:170] = printed(seed)
    return image


@pytest.fixture
def options(tmp_path: Path) -> CopiesOptions:
    for seed in range(2):
        write_picture(tmp_path / "catalog" / f"p{seed}" / "iconic.png", on_white(seed))
    background = tmp_path / "photo.png"
    write_picture(background, np.full((90, 120, 3), 120, np.uint8))
    return CopiesOptions(tmp_path / "catalog", (background,), scenes_per_count=1, counts=(1, 5))


class Oracle:
    """Knows the scenes; `spoil` changes what it says of each."""

    def __init__(self, options: CopiesOptions, spoil: str = "") -> None:
        self._scenes = {scene.image.tobytes(): scene for scene in make_scenes(options)}
        self._spoil = spoil

    def identify(self, image: NDArray[np.uint8], *, whole_image: bool = False) -> Identification:
        assert not whole_image
        return identification(*self._matches(self._scenes[image.tobytes()]))

    def _matches(self, scene: CopiesScene) -> list[Match]:
        name = "other" if self._spoil == "name" else scene.product_id
        probability = 0.1 if self._spoil == "probability" else 0.9
        shift = 200 if self._spoil == "place" else 0
        matches = [named_match(name, probability, quad(o) + shift) for o in scene.outlines]
        return matches * 2 if self._spoil == "twice" else matches


def quad(outline: NDArray[np.float32]) -> NDArray[np.float32]:
    return cv2.boxPoints(cv2.minAreaRect(outline)).astype(np.float32)


def test_all_copies_are_counted_by_their_number(options: CopiesOptions) -> None:
    result = measure_copies(options, lambda _: Oracle(options))
    assert [(count.copies, count.shown) for count in result.counts] == [(1, 1), (5, 5)]
    assert result.found_share == 1.0
    assert sum(count.surplus + count.wrong for count in result.counts) == 0


@pytest.mark.parametrize("spoil", ["name", "place", "probability"])
def test_a_wrong_name_place_or_verdict_is_not_found(options: CopiesOptions, spoil: str) -> None:
    result = measure_copies(options, lambda _: Oracle(options, spoil))
    assert result.found_share == 0.0
    assert any(count.wrong for count in result.counts) == (spoil == "name")


def test_a_copy_named_twice_counts_once(options: CopiesOptions) -> None:
    result = measure_copies(options, lambda _: Oracle(options, "twice"))
    assert all(
        (count.found, count.surplus) == (count.shown, count.shown) for count in result.counts
    )
    assert len(result.table().rows) == 2
    assert result.to_json()["found_share"] == 1.0


def test_by_default_there_are_one_to_twelve_copies() -> None:
    assert CopiesOptions(Path(), ()).counts == tuple(range(1, 13))


def test_the_same_seed_makes_the_same_scenes(options: CopiesOptions) -> None:
    first, second = next(make_scenes(options)), next(make_scenes(options))
    np.testing.assert_array_equal(first.image, second.image)


def test_copies_do_not_cover_each_other_much() -> None:
    cutout, photo = cut_out(on_white(0)), np.zeros((50, 50, 3), np.uint8)
    scene = paste_copies(cutout, "p0", photo, 12, np.random.default_rng(0))
    pairs = [(a, b) for i, a in enumerate(scene.outlines) for b in scene.outlines[:i]]
    assert max(outline_iou(a, b) for a, b in pairs) < 0.05


def test_nothing_to_paste_is_refused(options: CopiesOptions, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BenchError, match="need products"):
        next(make_scenes(CopiesOptions(tmp_path / "empty", options.backgrounds)))
    with pytest.raises(BenchError, match="backgrounds"):
        next(make_scenes(CopiesOptions(options.catalog, ())))


def test_a_cut_out_is_the_product_without_the_white_around_it() -> None:
    cutout = cut_out(on_white(1))
    assert cutout.image.shape == (160, 120, 3)
    assert (cutout.mask > 0).mean() > 0.97


def test_a_white_print_inside_stays_in_the_cut_out() -> None:
    image = on_white(1)
    image[80:120, 80:140] = 255
    assert (cut_out(image).mask > 0).mean() > 0.97


def test_a_white_picture_has_nothing_to_cut_out() -> None:
    with pytest.raises(ValueError, match="white"):
        cut_out(np.full((50, 50, 3), 255, np.uint8))


def test_overlap_is_intersection_over_union_and_zero_for_no_outline() -> None:
    square = np.array([[0, 0], [10, 0], [10, 10], [0, 10]], np.float32)
    assert outline_iou(square, square + np.array([5, 0], np.float32)) == pytest.approx(
        1 / 3, abs=0.01
    )
    assert outline_iou(square, np.zeros((0, 2), np.float32)) == 0.0
