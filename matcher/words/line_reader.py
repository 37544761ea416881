"""Reads lines of text: several of about one width at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import LONGEST_WORD_CHARACTERS, PrintedWord
from matcher.errors import WeightsError
from matcher.networks.runtime import LoadedNetwork
from matcher.words.lines import TextLine
from matcher.words.pixels import to_text_input
from matcher.words.transcription import ReadWord, transcribe

_HEIGHT_PX: Final = 48  # of a line, as the network was trained
_LETTERS: Final = "character"  # note of the network's file: the alphabet, a letter a line
_GREY: Final = 127  # beyond the line: about the middle of the network's input
# A line is as wide as it must be: the network is prepared for few widths, and for as many lines at
# once as pay; what is left over is read one by one.
_WIDTHS_PX: Final = (96, 192, 320, 448, 640)
_AT_ONCE: Final = 4  # lines

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """A line, level, of the network's height.

    Attributes:
        number: of the line.
        pixels: (48, w, 3) RGB, as wide as one of the sizes.
        width: pixels of it that the line takes.
    """

    number: int
    pixels: Image
    width: int


class LineReader:
    """Reads lines of text; safe to share between threads."""

    def __init__(self, network: LoadedNetwork) -> None:
        """Take the network, from (B, 3, 48, W) to (B, T, C) probabilities of letters.

        Raises:
            WeightsError: the file does not say which letters it reads.
        """
        if _LETTERS not in network.notes:
            raise WeightsError(
                f"{network.weights.path.name} has no list of the letters that it reads."
            )
        self._network = network.functions["run"]
        self._alphabet = (*network.notes[_LETTERS].rstrip("\n").split("\n"), " ")

    def read(self, image: Image, lines: Sequence[TextLine]) -> list[PrintedWord]:
        """Return the words of some lines of an (H, W, 3) RGB picture, line by line."""
        strips = sorted(
            (_strip(number, image, line) for number, line in enumerate(lines)),
            key=lambda strip: (strip.pixels.shape[1], strip.number),
        )
        words: dict[int, list[PrintedWord]] = {}
        for width in _WIDTHS_PX:
            same = [strip for strip in strips if strip.pixels.shape[1] == width]
            for some in _batches(same):
                for strip, found in zip(some, self._transcribed(some), strict=True):
                    line = lines[strip.number]
                    share = width / strip.width
                    words[strip.number] = [_placed(word, line, share) for word in found]
        return [word for number in sorted(words) for word in words[number]]

    def _transcribed(self, strips: Sequence[_Strip]) -> list[list[ReadWord]]:
        batch = np.stack([strip.pixels for strip in strips])
        (chances,) = self._network(to_text_input(batch))
        if chances.shape[2] != len(self._alphabet) + 1:
            raise WeightsError(
                f"the text reader tells {chances.shape[2] - 1} letters apart, and its list has "
                f"{len(self._alphabet)}."
            )
        found = [transcribe(row, self._alphabet) for row in chances]
        return [[word for word in words if _is_word(word)] for words in found]


def _is_word(word: ReadWord) -> bool:
    return len(word.text) <= LONGEST_WORD_CHARACTERS


def _batches(strips: Sequence[_Strip]) -> list[Sequence[_Strip]]:
    full = len(strips) - len(strips) % _AT_ONCE
    several = [strips[start : start + _AT_ONCE] for start in range(0, full, _AT_ONCE)]
    return [*several, *([strip] for strip in strips[full:])]


def _strip(number: int, image: Image, line: TextLine) -> _Strip:
    """Cut a line out, level; one that is longer than the widest size is squeezed."""
    wanted = round(_HEIGHT_PX * line.width / max(line.height, 1.0))
    width = min(max(wanted, 8), _WIDTHS_PX[-1])
    size = next(side for side in _WIDTHS_PX if side >= width)
    corners = np.array([[0, 0], [width, 0], [width, _HEIGHT_PX]], np.float32)
    onto = cv2.getAffineTransform(line.outline[:3].astype(np.float32), corners)
    pixels = np.full((_HEIGHT_PX, size, 3), _GREY, np.uint8)
    pixels[:, :width] = cv2.warpAffine(
        image, onto, (width, _HEIGHT_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return _Strip(number, pixels, width)


def _placed(word: ReadWord, line: TextLine, share: float) -> PrintedWord:
    """Return a word of a line with its place in the picture.

    Args:
        word: in columns of the network.
        line: that it is in.
        share: columns of the network in all, in columns of the line.
    """
    left, right = line.outline[[0, 3]], line.outline[[1, 2]]
    start, end = (np.float32(min(place * share, 1.0)) for place in (word.start, word.end))
    ends = [left[0] + start * (right[0] - left[0]), left[0] + end * (right[0] - left[0])]
    feet = [left[1] + end * (right[1] - left[1]), left[1] + start * (right[1] - left[1])]
    return PrintedWord(word.text, word.confidence, np.stack([*ends, *feet]))
