"""Turns a network's answer along a line of text into words and their places.

Graves et al., "Connectionist temporal classification" (2006), read greedily: the likeliest letter
of each column, repetitions once, blanks left out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NOTHING: Final = 0  # number of the answer "no letter here"
_SPACE: Final = " "


@dataclass(frozen=True, slots=True)
class ReadWord:
    """A word of a line.

    Attributes:
        text: without blanks; not empty.
        confidence: in [0, 1], mean of its letters'.
        start: share of the columns where it begins.
        end: where it ends.
    """

    text: str
    confidence: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class _Letter:
    text: str
    confidence: float
    column: int


def transcribe(chances: NDArray[np.float32], alphabet: tuple[str, ...]) -> list[ReadWord]:
    """Return the words of a line, from left to right.

    Args:
        chances: (T, C) for each column: of no letter, then of each letter of the alphabet.
        alphabet: C - 1 letters, the blank among them.
    """
    best = chances.argmax(axis=1)
    fresh = np.concatenate([[True], best[1:] != best[:-1]])
    columns = np.flatnonzero(fresh & (best != _NOTHING))
    letters = [
        _Letter(alphabet[best[column] - 1], float(chances[column, best[column]]), int(column))
        for column in columns
    ]
    return [_joined(word, len(best)) for word in _split(letters)]


def _split(letters: list[_Letter]) -> list[list[_Letter]]:
    words: list[list[_Letter]] = [[]]
    for letter in letters:
        if letter.text.strip(_SPACE + "\u3000"):
            words[-1].append(letter)
        else:
            words.append([])
    return [word for word in words if word]


def _joined(word: list[_Letter], columns: int) -> ReadWord:
    """Return a word; it reaches half a letter beyond the middles of its first and last one."""
    first, last = word[0].column, word[-1].column
    half = (last - first) / max(len(word) - 1, 1) / 2 if len(word) > 1 else 1.0
    return ReadWord(
        "".join(letter.text for letter in word),
        float(np.mean([letter.confidence for letter in word])),
        max((first + 0.5 - half) / columns, 0.0),
        min((last + 0.5 + half) / columns, 1.0),
    )
