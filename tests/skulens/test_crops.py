"""Questions about pictures alone, asked from Python, with the shipped networks."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from skulens import Crops, SkulensError, open_crops
from tests.catalog.support.fakes import pixels


@pytest.fixture
def crops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crops]:
    monkeypatch.setenv("SKULENS_THREADS", "1")
    with open_crops({"SKULENS_STORAGE": str(tmp_path / "data")}) as opened:
        yield opened


def picture() -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).normal(size=(240, 320, 3))
    blurred = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.clip(128 + 200 * blurred, 0, 255).astype(np.uint8)


def test_a_crop_is_located_in_either_order(crops: Crops) -> None:
    full = picture()
    part = full[60:180, 100:260]

    for found, crop in ((crops.locate(full, part), "b"), (crops.locate(part, full), "a")):
        assert (found.relation, found.crop, found.mirrored) == ("crop", crop, False)
        assert np.allclose(found.outline[0], (100, 60), atol=0.5)
        assert found.scale == pytest.approx(1, abs=0.01)
        assert "crop of" in found.sentence


def test_strangers_have_no_outline(crops: Crops) -> None:
    found = crops.locate(picture(), pixels(8, 200, 200))

    assert (found.relation, found.crop, found.outline) == ("unrelated", None, ())
    assert found.scale is None
    assert found.probability < 0.5


@pytest.mark.weights
def test_something_is_always_proposed(crops: Crops) -> None:
    proposals = crops.propose(picture(), point=(150, 120), limit=3)

    assert 1 <= len(proposals) <= 3
    assert proposals[0].kind in ("painting", "object", "whole")


def test_of_many_pictures_the_one_that_it_is_cut_from_comes_first(crops: Crops) -> None:
    full = picture()
    strangers = pixels(8, 200, 200), pixels(9, 200, 200)

    found = crops.locate_among(full[60:180, 100:260], [strangers[0], full, strangers[1]])

    assert [located.index for located in found] == [1, 0, 2]
    best = found[0].location
    assert (best.relation, best.crop) == ("crop", "a")
    expected = "picture is a crop of others[1]; its top-left corner lies at (100, 60)"
    assert best.sentence == expected
    assert found[1].location.relation == "unrelated"


def test_of_more_than_are_compared_those_are_that_share_most(
    crops: Crops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.models.crop_search.LOOKED_AT", 1)
    full = picture()

    (found,) = crops.locate_among(full, [pixels(1, 32, 32), pixels(2, 32, 32), full])

    assert (found.index, found.location.relation) == (2, "same")


def test_one_picture_for_many_and_none_are_one_sentence_each(crops: Crops) -> None:
    for given in ("full.jpg", b"x", picture(), Path("full.jpg")):
        with pytest.raises(TypeError, match="put it in a list"):
            crops.locate_among(picture(), given)  # type: ignore[arg-type]
    with pytest.raises(SkulensError, match="no other pictures"):
        crops.locate_among(picture(), [])
    with pytest.raises(SkulensError, match=r"absent\.jpg"):
        crops.locate_among(picture(), ["absent.jpg"])


def test_a_tap_outside_is_refused(crops: Crops) -> None:
    with pytest.raises(SkulensError, match="outside"):
        crops.propose(picture(), point=(1000, 1))


@pytest.mark.weights
def test_each_aspect_has_its_thumbnail(crops: Crops) -> None:
    square, wide = crops.thumbnail(picture(), ("1:1", "16:9"))

    for framed, aspect in ((square, 1.0), (wide, 16 / 9)):
        left, top, right, bottom = framed.box
        assert (right - left) / (bottom - top) == pytest.approx(aspect, rel=0.02)
        assert framed.reasons


@pytest.mark.weights
def test_one_aspect_need_not_be_put_in_a_tuple(crops: Crops) -> None:
    (wide,) = crops.thumbnail(picture(), "16:9")
    assert wide.aspect == "16:9"


def test_an_array_without_pixels_is_an_error_of_the_caller(crops: Crops) -> None:
    with pytest.raises(ValueError, match="expected an array"):
        crops.locate(np.zeros((0, 5, 3), np.uint8), picture())


def test_an_aspect_that_is_none_is_refused(crops: Crops) -> None:
    with pytest.raises(SkulensError, match="0:1"):
        crops.thumbnail(picture(), ("0:1",))


def test_a_file_that_is_missing_is_one_sentence(crops: Crops, tmp_path: Path) -> None:
    with pytest.raises(SkulensError, match=r"absent\.jpg"):
        crops.locate(tmp_path / "absent.jpg", picture())


@pytest.mark.parametrize("limit", [0, -1, 21, 2.5, "3", None, True])
def test_a_limit_that_is_none_is_refused(crops: Crops, limit: Any) -> None:
    with pytest.raises(SkulensError, match="give a whole number from 1 to 20"):
        crops.propose(picture(), limit=limit)


@pytest.mark.parametrize(
    "point", [(1,), (1, 2, 3), (math.nan, 4), (math.inf, 4), "120,80", 5, (), ("a", "b"), (None, 1)]
)
def test_a_point_that_is_none_is_refused(crops: Crops, point: Any) -> None:
    with pytest.raises(SkulensError, match="is no point; give two numbers of pixels"):
        crops.propose(picture(), point=point)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((40, 50), np.uint8),
        np.zeros((40, 50, 4), np.uint8),
        np.zeros((40, 50, 3), np.float32),
        np.zeros((1, 40, 50, 3), np.uint8),
    ],
)
def test_an_array_that_is_no_picture_is_named_by_shape_and_type(crops: Crops, array: Any) -> None:
    for ask in (crops.propose, crops.thumbnail, lambda wrong: crops.locate(wrong, picture())):
        with pytest.raises(ValueError, match=r"expected an array \(H, W, 3\) of uint8, got \("):
            ask(array)


def test_an_array_is_refused_at_the_sizes_at_which_a_file_is(crops: Crops) -> None:
    with pytest.raises(SkulensError, match=r"too small \(1x1 pixels\)"):
        crops.propose(np.zeros((1, 1, 3), np.uint8))
    huge = np.broadcast_to(np.zeros(3, np.uint8), (10_000, 20_000, 3))
    with pytest.raises(SkulensError, match="too large"):
        crops.propose(huge)


@pytest.mark.parametrize("wrong", [None, 5, ["full.jpg"], bytearray(b"x")])
def test_what_cannot_be_a_picture_is_named(crops: Crops, wrong: Any) -> None:
    with pytest.raises(TypeError, match="expected a picture as the name of a file"):
        crops.propose(wrong)


def test_aspects_are_texts_and_at_least_one(crops: Crops) -> None:
    with pytest.raises(SkulensError, match="give at least one, such as 1:1"):
        crops.thumbnail(picture(), ())
    for wrong in ((1, 1), [16 / 9], (None,)):
        with pytest.raises(TypeError, match="expected aspects as texts"):
            crops.thumbnail(picture(), wrong)  # type: ignore[arg-type]
    for odd in ("1:100", "wide", "", "1:1:1", "-4:3"):
        with pytest.raises(SkulensError, match="aspect"):
            crops.thumbnail(picture(), odd)
