from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.errors import WeightsError
from matcher.networks.runtime import Array, LoadedNetwork
from matcher.networks.weights import Network, Weights
from matcher.words.line_reader import LineReader
from matcher.words.lines import TextLine


class BrightnessIsALetter:
    """Stands for the network: reads `a` where a line is dark, `b` where it is bright."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        (lines,) = inputs
        self.shapes.append(lines.shape)
        grey = lines.astype(np.float32).mean(axis=(1, 2))
        columns = grey.reshape(len(grey), -1, 8).mean(axis=2)
        chances = np.zeros((*columns.shape, 4), np.float32)
        chances[..., 0] = 0.5
        chances[..., 1] = columns < -0.5
        chances[..., 2] = columns > 0.5
        return (chances,)


def network(function: BrightnessIsALetter, letters: str = "a\nb\n") -> LoadedNetwork:
    weights = Weights(Network.TEXT_READER, Path("reader.onnx"), "0" * 64)
    return LoadedNetwork(weights, {"run": function}, {}, {"character": letters})


def line(left: float, top: float, right: float, bottom: float) -> TextLine:
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return TextLine(corners, 0.9)


def picture() -> NDArray[np.uint8]:
    """The left half dark, the right half bright, grey at the bottom."""
    image = np.zeros((200, 400, 3), np.uint8)
    image[:, 200:] = 255
    image[100:] = 127
    return image


def test_each_line_is_read_where_it_is() -> None:
    reader = LineReader(network(BrightnessIsALetter()))
    words = reader.read(picture(), [line(220, 10, 380, 40), line(20, 10, 100, 40)])
    assert [word.text for word in words] == ["b", "a"]
    assert (words[0].outline[:, 0] >= 219).all()
    assert (words[1].outline[:, 0] <= 101).all()


def test_the_network_is_prepared_for_few_shapes_however_many_lines_there_are() -> None:
    function = BrightnessIsALetter()
    reader = LineReader(network(function))
    several = [line(0, 0, 3 + 9 * number, 20) for number in range(40)]
    words = reader.read(picture(), several)
    assert words
    assert len(set(function.shapes)) <= 10
    assert {shape[0] for shape in function.shapes} <= {1, 4}


def test_plain_lines_and_none_have_no_words() -> None:
    reader = LineReader(network(BrightnessIsALetter()))
    assert reader.read(picture(), [line(0, 120, 300, 160)]) == []
    assert reader.read(picture(), []) == []


@pytest.mark.parametrize("letters", ["a\n", "a\nb\nc\n"])
def test_a_list_of_letters_that_does_not_fit_is_refused(letters: str) -> None:
    reader = LineReader(network(BrightnessIsALetter(), letters))
    with pytest.raises(WeightsError, match="letters"):
        reader.read(picture(), [line(0, 0, 100, 20)])


def test_a_file_without_letters_is_refused() -> None:
    lacking = replace(network(BrightnessIsALetter()), notes={})
    with pytest.raises(WeightsError, match=r"reader\.onnx has no list of the letters"):
        LineReader(lacking)
