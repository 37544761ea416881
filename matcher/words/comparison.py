"""Compares the words of a reference with those that a photo has at the same places.

A word that is read where the reference has it speaks for the product; another word, read surely at
that place, against it, and a little so a word that is missing while others are read. Each outcome
is worth how much oftener it happens with the product than with a near-twin, as measured on photos.
A near-twin carries many of the words, too: of a share s of the near-twins with a word, an outcome o
of it is worth

    log P(o | has it) - log (s P(o | has it) + (1 - s) P(o | lacks it))

which is nothing where all of them have it. Words of one pack are read, and missed, together, so
that most of that is discounted and the sum is bounded. Evidence, no veto.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.words.commonness import USUAL_SHARE
from matcher.words.places import same_places
from matcher.words.spelling import carried, letter_count, letters_of, likeness


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
    cases, is not read in 0.19 and 0.33, and is contradicted in none and 0.16. If a word that a
    pack lacks agrees in 0.02 of the cases, by a slip, 0.62 of the near-twins' words are shared
    (`USUAL_SHARE`), and a word that a pack lacks is not read in 0.56. A contradiction's logarithm
    of the ratio is -3.8 (none counted as half a case), whatever the share: no twin that has the
    word contradicts it.

    Attributes:
        legible: confidence of a reference's word from which it is compared.
        sure: confidence of a photo's word from which it contradicts.
        shortest: letters of a word that counts.
        alike: likeness in [0, 1] from which two readings are of one word.
        unlike: likeness below which they are of different ones.
        agrees: probability that a word agrees on a pack that has it.
        slips: that it does on a pack that lacks it.
        unread: that it is not read on a pack that has it.
        unread_elsewhere: that it is not on a pack that lacks it.
        alone: share of their worth that words count, because those of a pack are read, and missed,
            together.
        against: log-likelihood ratio of a word that contradicts.
        most_for: bound of what all words together say for a product.
        most_missing: bound of what missing words say against it.
        most_against: bound of what they say against it.
    """

    legible: float = 0.8
    sure: float = 0.9
    shortest: int = 4
    alike: float = 0.75
    unlike: float = 0.55
    agrees: float = 0.81
    slips: float = 0.02
    unread: float = 0.19
    unread_elsewhere: float = 0.56
    alone: float = 1 / 3
    against: float = -3.0
    most_for: float = 0.6
    most_missing: float = -0.8
    most_against: float = -4.0


WORD_SETTINGS: Final = WordSettings()


@dataclass(frozen=True, slots=True)
class WordComparison:
    """A word of a reference, and how it is read in a photo.

    Attributes:
        expected: of the reference.
        read: at its place in the photo; empty where nothing is.
        outcome: whether that is the same.
        share: in (0, 1], of the near-twins that carry the word, too.
    """

    expected: str
    read: str
    outcome: WordOutcome
    share: float = USUAL_SHARE


def comparable(
    words: Sequence[PrintedWord], settings: WordSettings = WORD_SETTINGS
) -> list[PrintedWord]:
    """Return the words of a reference that can be compared."""
    return [
        word
        for word in words
        if word.confidence >= settings.legible
        and letter_count(letters_of(word.text)) >= settings.shortest
    ]


def compare_words(
    expected: Sequence[PrintedWord],
    read: Sequence[PrintedWord],
    settings: WordSettings = WORD_SETTINGS,
) -> tuple[WordComparison, ...]:
    """Compare a reference's words with a photo's, both in pixels of the reference."""
    known = comparable(expected, settings)
    readings = [_Reading(word, letters_of(word.text)) for word in read]
    letters = [letters_of(word.text) for word in known]
    here = same_places(known, read)
    return tuple(
        _compared(word.text, letters, number, _selected(readings, here[number]), settings)
        for number, word in enumerate(known)
    )


def weigh_words(
    comparisons: Sequence[WordComparison], settings: WordSettings = WORD_SETTINGS
) -> float:
    """Return the log-likelihood ratio of a product against a near-twin, within its bounds."""
    by_outcome = {
        outcome: [item.share for item in comparisons if item.outcome is outcome]
        for outcome in WordOutcome
    }
    agreeing, unread = by_outcome[WordOutcome.AGREES], by_outcome[WordOutcome.UNREAD]
    contradicting = by_outcome[WordOutcome.CONTRADICTS]
    if not agreeing and not contradicting:
        return 0.0
    read, unseen = settings.agrees, settings.unread
    pro = sum(_worth(share, read, settings.slips) for share in agreeing)
    lack = sum(_worth(share, unseen, settings.unread_elsewhere) for share in unread)
    speaking = min(settings.alone * pro, settings.most_for)
    lacking = max(settings.alone * lack, settings.most_missing)
    return max(speaking + lacking + settings.against * len(contradicting), settings.most_against)


def mark_shared(
    compared: Sequence[Sequence[WordComparison]], settings: WordSettings = WORD_SETTINGS
) -> list[tuple[WordComparison, ...]]:
    """Return comparisons of competing references, the words that do not tell them apart as shared.

    A word that agrees with two of them, or is missing of both, says nothing of which it is, and
    nothing against a third one of their kind.
    """
    return [_without_shared(own, compared, settings) for own in range(len(compared))]


def _without_shared(
    own: int, compared: Sequence[Sequence[WordComparison]], settings: WordSettings
) -> tuple[WordComparison, ...]:
    marked = list(compared[own])
    for outcome in (WordOutcome.AGREES, WordOutcome.UNREAD):
        rivals = [
            [letters_of(item.expected) for item in items if item.outcome is outcome]
            for number, items in enumerate(compared)
            if number != own
        ]
        numbers = [number for number, item in enumerate(marked) if item.outcome is outcome]
        found = carried([marked[number].expected for number in numbers], rivals, settings.alike)
        for number, is_shared in zip(numbers, found.max(axis=1, initial=False), strict=True):
            if is_shared:
                marked[number] = replace(marked[number], share=1.0)
    return tuple(marked)


def _worth(share: float, has: float, lacks: float) -> float:
    """Return the log-likelihood ratio of an outcome's probabilities, of a word that some share."""
    return log(has / (share * has + (1 - share) * lacks))


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A word of a photo with its letters."""

    word: PrintedWord
    letters: str


def _selected(readings: Sequence[_Reading], chosen: NDArray[np.bool_]) -> list[_Reading]:
    """Return some readings, from left to right."""
    return sorted((readings[number] for number in np.flatnonzero(chosen).tolist()), key=_left)


def _compared(
    text: str,
    known: Sequence[str],
    number: int,
    here: Sequence[_Reading],
    settings: WordSettings,
) -> WordComparison:
    """Compare one word with what is read at its place.

    Args:
        text: of the word.
        known: letters of all words of the reference.
        number: of the word among them.
        here: readings at its place, from left to right.
        settings: which words count.
    """
    if not here:
        return WordComparison(text, "", WordOutcome.UNREAD)
    if likeness(known[number], "".join(item.letters for item in here)) >= settings.alike:
        return WordComparison(text, text, WordOutcome.AGREES)
    strange = [
        item.word
        for item in here
        if item.word.confidence >= settings.sure
        and letter_count(item.letters) >= settings.shortest
        and all(likeness(other, item.letters) < settings.unlike for other in known)
    ]
    if not strange:
        return WordComparison(text, "".join(item.word.text for item in here), WordOutcome.UNREAD)
    surest = max(strange, key=lambda word: word.confidence)
    return WordComparison(text, surest.text, WordOutcome.CONTRADICTS)


def _left(item: _Reading) -> float:
    outline = item.word.outline
    along = outline[1] - outline[0]
    return float(outline[0] @ along / max(float(np.linalg.norm(along)), 1.0))
