"""The shipped reader on drawn text, whichever way it is turned."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import LoadedNetwork
from matcher.networks.weights import read_manifest
from matcher.words.word_reader import NetworkWordReader, turn_of

WEIGHTS = Path(__file__).parents[3] / "weights"

pytestmark = pytest.mark.weights


class CountedSearch:
    """The network that finds lines; counts its calls."""

    def __init__(self, inner: LoadedNetwork) -> None:
        self._inner = inner.functions["run"]
        self.calls = 0

    def __call__(
        self, *inputs: NDArray[np.float32] | NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], ...]:
        self.calls += 1
        return self._inner(*inputs)


@pytest.fixture(scope="module")
def reader(openvino: OpenVinoRuntime) -> NetworkWordReader:
    manifest = read_manifest(WEIGHTS)
    lines, letters = (
        openvino.load(manifest.weights(name))
        for name in ("words-ppocr-lines", "words-ppocr-reader")
    )
    return NetworkWordReader(lines, letters)


def drawn(*texts: str) -> NDArray[np.uint8]:
    image = np.full((400, 300, 3), (250, 240, 220), np.uint8)
    for row, text in enumerate(texts):
        cv2.putText(
            image, text, (20, 80 + 90 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (20, 30, 120), 3
        )
    return image


def texts_of(words: tuple[PrintedWord, ...]) -> set[str]:
    return {word.text for word in words}


def test_words_are_read_where_they_are(reader: NetworkWordReader) -> None:
    words = reader.read(drawn("GREEN TEA", "HONEY"))
    assert texts_of(words) == {"GREEN", "TEA", "HONEY"}
    tea = next(word for word in words if word.text == "TEA")
    honey = next(word for word in words if word.text == "HONEY")
    assert tea.confidence > 0.9
    assert 140 < tea.outline[:, 0].mean() < 270
    assert 40 < tea.outline[:, 1].mean() < 90 < honey.outline[:, 1].mean() < 180


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_world_turned_text_is_read_where_nothing_upright_is(
    reader: NetworkWordReader, turn: int
) -> None:
    image = np.ascontiguousarray(np.rot90(drawn("MARMALADE"), -turn))
    words = reader.read(image)
    assert "MARMALADE" in texts_of(words)
    assert turn_of(words) == turn
    word = next(word for word in words if word.text == "MARMALADE")
    height, width = image.shape[:2]
    assert (word.outline >= -2).all()
    assert (word.outline <= (width + 2, height + 2)).all()
    assert texts_of(reader.read(image, turn)) == texts_of(words)


def test_turned_text_beside_upright_text_is_left_alone(reader: NetworkWordReader) -> None:
    beside = np.ascontiguousarray(np.rot90(drawn("MARMALADE")))[:300, :300]
    image = np.concatenate([drawn("HONEY"), np.pad(beside, ((0, 100), (0, 0), (0, 0)))], axis=1)
    assert "MARMALADE" not in texts_of(reader.read(np.ascontiguousarray(image)))


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (512, 300)])
def test_world_a_picture_of_one_colour_has_no_words(
    reader: NetworkWordReader, shape: tuple[int, int]
) -> None:
    assert reader.read(np.full((*shape, 3), 90, np.uint8)) == ()


def test_world_mirrored_text_is_no_error(reader: NetworkWordReader) -> None:
    mirrored = np.ascontiguousarray(drawn("STRAWBERRY", "YOGHURT")[:, ::-1])
    assert not {"STRAWBERRY", "YOGHURT"} & texts_of(reader.read(mirrored))


def test_world_a_picture_full_of_words_is_read_within_bounds(reader: NetworkWordReader) -> None:
    page = np.full((1000, 1000, 3), 255, np.uint8)
    for row in range(100):
        for column in range(10):
            place = (100 * column, 10 * row + 9)
            cv2.putText(page, "word", place, cv2.FONT_HERSHEY_PLAIN, 0.7, (0, 0, 0), 1)
    words = reader.read(page)
    assert len(words) < 700


def test_the_reader_is_named_by_its_networks(reader: NetworkWordReader) -> None:
    assert reader.part_id == "words-090f04ab-6f327246-3"


@pytest.mark.parametrize(
    ("turn", "text", "searches"), [(0, "HONEY", 1), (2, "HONEY", 2), (1, "HONEY", 2), (0, "", 1)]
)
def test_a_picture_is_searched_once_and_again_only_if_its_lines_run_another_way(
    openvino: OpenVinoRuntime, turn: int, text: str, searches: int
) -> None:
    manifest = read_manifest(WEIGHTS)
    lines, letters = (
        openvino.load(manifest.weights(name))
        for name in ("words-ppocr-lines", "words-ppocr-reader")
    )
    search = CountedSearch(lines)
    counting = NetworkWordReader(replace(lines, functions={"run": search}), letters)
    words = counting.read(np.ascontiguousarray(np.rot90(drawn(text), -turn)))
    assert texts_of(words) == ({text} if text else set())
    assert search.calls == searches


@pytest.mark.parametrize("text", ["HONEY", "STRAWBERRY", "GREEN TEA", "MILK 12"])
def test_world_text_upside_down_is_not_taken_for_what_it_looks_like(
    reader: NetworkWordReader, text: str
) -> None:
    words = reader.read(np.ascontiguousarray(np.rot90(drawn(text), 2)))
    assert texts_of(words) == set(text.split())
    assert turn_of(words) == 2
