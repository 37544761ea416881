"""Colours and layout: what they tell apart, and what they shall not see."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from matcher.errors import WeightsError
from matcher.retrieval.colour_layout import (
    LAYOUT_SIZE,
    ColourBasis,
    describe_colours,
    read_colour_basis,
)
from tests.matcher.prints import flat, printed


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(describe_colours(one) @ describe_colours(other))


def test_a_layout_is_of_unit_length_whatever_the_picture() -> None:
    for picture in (printed(1), flat(), flat(1, 1, 0), printed(2, 900, 90)):
        assert describe_colours(picture).shape == (LAYOUT_SIZE,)
        assert np.linalg.norm(describe_colours(picture)) == pytest.approx(1, abs=1e-5)


def test_size_and_a_little_blur_change_little_and_another_hue_much() -> None:
    picture = printed(1)
    smaller = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(picture, (5, 5), 0)
    other_hue = np.ascontiguousarray(picture[..., ::-1])
    assert likeness(picture, np.asarray(smaller, np.uint8)) > 0.9
    assert likeness(picture, np.asarray(blurred, np.uint8)) > 0.9
    assert likeness(picture, other_hue) < 0.87


def test_it_matters_where_a_colour_is() -> None:
    left = np.full((96, 96, 3), 255, np.uint8)
    left[:, :32] = (200, 30, 30)
    assert likeness(left, np.ascontiguousarray(left[:, ::-1])) < likeness(left, left) - 0.1


def test_vectors_lie_along_the_axes() -> None:
    axes = np.random.default_rng(0).normal(size=(LAYOUT_SIZE, 4)).astype(np.float32)
    colours = ColourBasis(describe_colours(printed(3)), axes)
    vectors = colours.vectors([printed(1), printed(2)])
    assert vectors.shape == (2, colours.dimension) == (2, 4)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert colours.vectors([]).shape == (0, 4)


def test_the_mean_picture_itself_has_no_direction() -> None:
    colours = ColourBasis(describe_colours(printed(3)), np.eye(LAYOUT_SIZE, 4, dtype=np.float32))
    assert not colours.vectors([printed(3)]).any()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "colours.safetensors"
    with pytest.raises(WeightsError, match="holds no axes of colours"):
        read_colour_basis(path)
    save_file({"axes": np.zeros((3, 2), np.float32)}, path)
    with pytest.raises(WeightsError, match="holds no axes of colours"):
        read_colour_basis(path)
    save_file({"mean": np.zeros(3, np.float32), "axes": np.zeros((3, 2), np.float32)}, path)
    with pytest.raises(WeightsError, match="skulens train colours"):
        read_colour_basis(path)
