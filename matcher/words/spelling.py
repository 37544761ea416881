"""How nearly two readings are spelt alike, letters that the reader confuses taken as one."""

from collections.abc import Sequence
from typing import Final
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from catalog.search.spelling import fold_text

_PARTIAL_FROM: Final = (
    1.4  # times that a reading is longer than another one, to be compared in part
)
_WIDE: Final = frozenset("WF")  # Unicode's names of such widths: Han, kana, Hangul
# Letters that the reader takes for one another, as one.
_CONFUSED: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "j": "l", "5": "s", "8": "b"})


def letters_of(text: str) -> str:
    """Return the letters and digits of a reading, those that are confused as one."""
    return "".join(filter(str.isalnum, fold_text(text).translate(_CONFUSED)))


def letter_count(letters: str) -> int:
    """Return how many letters some are worth: what is as wide as it is high is a syllable, two."""
    return sum(2 if east_asian_width(letter) in _WIDE else 1 for letter in letters)


def likeness(first: str, second: str) -> float:
    """Return in [0, 1] how nearly the letters (`letters_of`) of two readings are alike.

    Of readings of quite different lengths, the shorter is compared with the part of the longer that
    is most like it: words that stand close are read as one, and a hand hides a part of a word.
    """
    shorter, longer = sorted((first, second), key=len)
    if not shorter:
        return 0.0
    if len(longer) > _PARTIAL_FROM * len(shorter):
        found = fuzz.partial_ratio_alignment(shorter, longer)
        longer = longer if found is None else longer[found.dest_start : found.dest_end]
    return float(OSA.normalized_similarity(shorter, longer))


def carried(
    words: Sequence[str], texts: Sequence[Sequence[str]], alike: float
) -> NDArray[np.bool_]:
    """Return (W, T) which of some words each of some texts has.

    Args:
        words: W readings.
        texts: T texts, each the letters (`letters_of`) of the readings in it.
        alike: likeness of whole readings from which they are of one word.
    """
    own = [letters_of(word) for word in words]
    found = np.zeros((len(words), len(texts)), np.bool_)
    for column, others in enumerate(texts):
        if own and others:
            nearness = cdist(own, others, scorer=OSA.normalized_similarity, score_cutoff=alike)
            found[:, column] = nearness.max(axis=1) >= alike
    return found
