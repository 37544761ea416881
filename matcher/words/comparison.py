"""Compares the words of a reference with those that a photo has at the same places.

A word that is read where the reference has it speaks for the product; another word, read surely at
that place, against it, and a little so a word that is missing while others are read. Each outcome
is worth how much oftener it happens with the product than with a near-twin, as measured on photos;
words of one pack are read, and missed, together, so that most of that is discounted and the sum is
bounded. Evidence, no veto.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from catalog.encodings.printed import PrintedWord
from catalog.search.spelling import fold_text

_REACH_SHARE: Final = 0.5  # of a word's height by which its place may be off
_SAME_HEIGHT: Final = 2.2  # times at most that one of two words at one place is higher
_PARTIAL_FROM: Final = (
    1.4  # times that a reading is longer than another one, to be compared in part
)
# Letters that the reader takes for one another, as one.
_CONFUSED: Final = str.maketrans({"0": "o", "1": "l", "i": "l", "j": "l", "5": "s", "8": "b"})


class WordOutcome(StrEnum):
    """How a photo stands to a word of a reference."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class WordSettings:
    """Which words count, and for how much.

    Measured on 45 `train` photos of cartons, their own references (134 words) beside those of other
    cartons that the photo could be taken for (143 words): a word agrees in 0.81 and 0.51 of the
    cases, is not read in 0.19 and 0.33, and is contradicted in none and 0.16. The logarithms of the
    ratios are 0.5, -0.6 and -3.8 (none counted as half a case).

    Attributes:
        legible: confidence of a reference's word from which it is compared.
        sure: confidence of a photo's word from which it contradicts.
        shortest: letters of a word that counts.
        alike: likeness in [0, 1] from which two readings are of one word.
        unlike: likeness below which they are of different ones.
        for_it: log-likelihood ratio of a word that agrees; discounted, because what agrees is
            mostly the brand, which twins share.
        against: of a word that contradicts.
        missing: of a word that is not read while others are; discounted for glare and hands.
        most_for: bound of what all words together say for a product.
        most_missing: bound of what missing words say against it.
        most_against: bound of what they say against it.
    """

    legible: float = 0.8
    sure: float = 0.9
    shortest: int = 4
    alike: float = 0.75
    unlike: float = 0.55
    for_it: float = 0.15
    against: float = -3.0
    missing: float = -0.25
    most_for: float = 0.6
    most_missing: float = -0.8
    most_against: float = -4.0


WORD_SETTINGS: Final = WordSettings()


@dataclass(frozen=True, slots=True, eq=False)
class WordComparison:
    """A word of a reference, and how it is read in a photo.

    Attributes:
        expected: of the reference.
        read: at its place in the photo; empty where nothing is.
        outcome: whether that is the same.
    """

    expected: str
    read: str
    outcome: WordOutcome


def comparable(
    words: Sequence[PrintedWord], settings: WordSettings = WORD_SETTINGS
) -> list[PrintedWord]:
    """Return the words of a reference that can be compared."""
    return [
        word
        for word in words
        if word.confidence >= settings.legible and len(_letters(word.text)) >= settings.shortest
    ]


def compare_words(
    expected: Sequence[PrintedWord],
    read: Sequence[PrintedWord],
    settings: WordSettings = WORD_SETTINGS,
) -> tuple[WordComparison, ...]:
    """Compare a reference's words with a photo's, both in pixels of the reference."""
    known = comparable(expected, settings)
    return tuple(_compared(word, known, read, settings) for word in known)


def weigh_words(
    comparisons: Sequence[WordComparison], settings: WordSettings = WORD_SETTINGS
) -> float:
    """Return the log-likelihood ratio of a product against a near-twin, within its bounds."""
    outcomes = [comparison.outcome for comparison in comparisons]
    agreeing, unread = outcomes.count(WordOutcome.AGREES), outcomes.count(WordOutcome.UNREAD)
    contradicting = outcomes.count(WordOutcome.CONTRADICTS)
    if not agreeing + contradicting:
        return 0.0
    pro = min(settings.for_it * agreeing, settings.most_for)
    lack = max(settings.missing * unread, settings.most_missing)
    return max(pro + lack + settings.against * contradicting, settings.most_against)


def _compared(
    word: PrintedWord,
    known: Sequence[PrintedWord],
    read: Sequence[PrintedWord],
    settings: WordSettings,
) -> WordComparison:
    here = sorted((item for item in read if _is_at(item, word)), key=_left)
    if not here:
        return WordComparison(word.text, "", WordOutcome.UNREAD)
    joined = "".join(item.text for item in here)
    if _likeness(word.text, joined) >= settings.alike:
        return WordComparison(word.text, word.text, WordOutcome.AGREES)
    strange = [
        item
        for item in here
        if item.confidence >= settings.sure
        and len(_letters(item.text)) >= settings.shortest
        and all(_likeness(other.text, item.text) < settings.unlike for other in known)
    ]
    if not strange:
        return WordComparison(word.text, joined, WordOutcome.UNREAD)
    surest = max(strange, key=lambda item: item.confidence)
    return WordComparison(word.text, surest.text, WordOutcome.CONTRADICTS)


def _is_at(item: PrintedWord, word: PrintedWord) -> bool:
    """Return whether a word of the photo lies where a word of the reference is."""
    heights = _height(item), _height(word)
    if max(heights) > _SAME_HEIGHT * max(min(heights), 1.0):
        return False
    low, high = _extent(word, _REACH_SHARE * heights[1])
    middle = item.outline.mean(axis=0)
    own_low, own_high = _extent(item, _REACH_SHARE * heights[0])
    centre = word.outline.mean(axis=0)
    return _inside(middle, low, high) or _inside(centre, own_low, own_high)


def _extent(word: PrintedWord, reach: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return word.outline.min(axis=0) - reach, word.outline.max(axis=0) + reach


def _inside(
    point: NDArray[np.float32], low: NDArray[np.float32], high: NDArray[np.float32]
) -> bool:
    return bool((point >= low).all() and (point <= high).all())


def _height(word: PrintedWord) -> float:
    return float(np.linalg.norm(word.outline[3] - word.outline[0]))


def _left(word: PrintedWord) -> float:
    along = word.outline[1] - word.outline[0]
    return float(word.outline[0] @ along / max(float(np.linalg.norm(along)), 1.0))


def _likeness(first: str, second: str) -> float:
    """Return in [0, 1] how nearly two readings are spelt alike.

    Of readings of quite different lengths, the shorter is compared with the part of the longer that
    is most like it: words that stand close are read as one, and a hand hides a part of a word.
    """
    shorter, longer = sorted((_letters(first), _letters(second)), key=len)
    if not shorter:
        return 0.0
    if len(longer) > _PARTIAL_FROM * len(shorter):
        found = fuzz.partial_ratio_alignment(shorter, longer)
        longer = longer if found is None else longer[found.dest_start : found.dest_end]
    return float(OSA.normalized_similarity(shorter, longer))


def _letters(text: str) -> str:
    """Return the letters and digits of a reading, those that are confused as one."""
    return "".join(filter(str.isalnum, fold_text(text).translate(_CONFUSED)))
