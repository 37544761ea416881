"""Questions about pictures alone, asked from Python, with the shipped networks."""

from collections.abc import Iterator
from pathlib import Path

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
