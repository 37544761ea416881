"""Reads the words in a picture.

Finding lines costs most, and turned ones are found less surely. So the lines that are found in an
upright picture tell which way its text runs: they are read along each of their sides, and only if
another one is legible the picture is searched again, turned that way.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.networks.runtime import LoadedNetwork
from matcher.words.line_reader import LineReader
from matcher.words.lines import LineDetector, TextLine
from matcher.words.spelling import letter_count

_VERSION: Final = 3  # raise it when the same networks read other words out of the same picture
_LEAST_CONFIDENCE: Final = 0.5  # of a word; what is less sure is mostly no text
_FLATTEST: Final = 0.7  # length of a line over its height; a shorter one is text that is turned
# Confidence of a word from which a picture is the right way up; HONEY upside down reads so, too.
_SURE: Final = 0.95
_WORD_LETTERS: Final = 3  # of a word that says so; two syllables of a script that writes these
UPRIGHT: Final = 0  # quarter turns
_TURNED: Final = (2, 1, 3)  # quarter turns that are tried where nothing upright is read
_TRIED_LINES: Final = 8  # the largest ones, by which turns are tried
_DIGEST_CHARACTERS: Final = 8  # of a network's hash that name it

Image = NDArray[np.uint8]


class WordReader(Protocol):
    """Reads the words in pictures; safe to share between threads."""

    @property
    def part_id(self) -> str:
        """Changes when the same picture would be read otherwise."""

    def read(
        self, image: Image, turn: int | None = None, most: int | None = None
    ) -> tuple[PrintedWord, ...]:
        """Return the words of a picture, those of the largest lines first; perhaps none.

        Args:
            image: (H, W, 3) uint8, RGB.
            turn: quarter turns to the left after which the text is level; None to find that out:
                turned text is then looked for only where nothing upright is read.
            most: lines at most that are read, the largest; None for the reader's own bound.
        """


class NetworkWordReader:
    """Implements `WordReader` with a network that finds lines and one that reads them."""

    def __init__(self, detector: LoadedNetwork, reader: LoadedNetwork) -> None:
        """Take both networks.

        Raises:
            WeightsError: the reader's file does not say which letters it reads.
        """
        self._lines = LineDetector(detector.functions["run"])
        self._reader = LineReader(reader)
        digests = (network.weights.sha256[:_DIGEST_CHARACTERS] for network in (detector, reader))
        self._part_id = "-".join(["words", *digests, str(_VERSION)])

    @property
    def part_id(self) -> str:
        """Changes when the same picture would be read otherwise."""
        return self._part_id

    def read(
        self, image: Image, turn: int | None = None, most: int | None = None
    ) -> tuple[PrintedWord, ...]:
        """Return the words of an (H, W, 3) RGB picture, those of the largest lines first."""
        if turn is not None:
            return self._read_turned(image, turn, most)
        lines = self._lines.detect(image)
        upright = self._read_along(image, lines, UPRIGHT, most)
        if any(word.confidence >= _SURE and _is_legible(word) for word in upright):
            return upright
        legible = {
            other: _legibility(self._read_along(image, lines, other, _TRIED_LINES))
            for other in _TURNED
        }
        best = max(_TURNED, key=legible.__getitem__)
        if legible[best] <= _legibility(upright):
            return upright
        return max([upright, self._read_turned(image, best, most)], key=_legibility)

    def _read_turned(self, image: Image, turn: int, most: int | None) -> tuple[PrintedWord, ...]:
        """Search the picture, turned to the left so that its text is level, and read it."""
        turned = np.ascontiguousarray(np.rot90(image, turn))
        words = self._read_along(turned, self._lines.detect(turned), UPRIGHT, most)
        height, width = image.shape[:2]
        return tuple(
            replace(word, outline=_turn_back(word.outline, turn, width, height)) for word in words
        )

    def _read_along(
        self, image: Image, lines: Sequence[TextLine], turn: int, most: int | None
    ) -> tuple[PrintedWord, ...]:
        """Read those of some lines that would be level if the picture were turned to the left."""
        turned = [replace(line, outline=np.roll(line.outline, -turn, axis=0)) for line in lines]
        level = [line for line in turned if line.width >= _FLATTEST * line.height][:most]
        return tuple(
            word
            for word in self._reader.read(image, level)
            if word.confidence >= _LEAST_CONFIDENCE and any(map(str.isalnum, word.text))
        )


def _legibility(words: Sequence[PrintedWord]) -> float:
    """Return how many letters were read, each counted as far as it is believed."""
    return sum(word.confidence**2 * len(word.text) for word in words if _is_legible(word))


def _is_legible(word: PrintedWord) -> bool:
    return letter_count("".join(filter(str.isalpha, word.text))) >= _WORD_LETTERS


def _turn_back(
    outline: NDArray[np.float32], turn: int, width: int, height: int
) -> NDArray[np.float32]:
    """Map corners in a picture that was turned to the left to the picture as it was.

    Args:
        outline: (4, 2).
        turn: quarter turns.
        width: of the picture as it was, pixels.
        height: of the picture as it was, pixels.
    """
    x, y = outline.T
    places = ((x, y), (width - y, x), (width - x, height - y), (y, height - x))
    return np.stack(places[turn % 4], axis=1).astype(np.float32)


def turn_of(words: Sequence[PrintedWord]) -> int:
    """Return the quarter turns to the left after which most of some words are level."""
    if not words:
        return UPRIGHT
    along = np.stack([word.outline[1] - word.outline[0] for word in words])
    turns = np.rint(np.degrees(np.arctan2(along[:, 1], along[:, 0])) / 90).astype(int) % 4
    return int(np.bincount(turns, minlength=4).argmax())
