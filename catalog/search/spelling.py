"""Words of a query, and corrections of their spelling."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

# Words of a query that are searched for; the others are ignored.
MOST_WORDS: Final = 16
_WORD: Final = re.compile(r"[^\W_]+")
_ONE_WRONG: Final = 4  # letters of a word from which on one wrong letter is forgiven
_TWO_WRONG: Final = 8  # letters of a word from which on two are
# Corrections of a word that are searched for, nearest first.
_MOST_CORRECTIONS: Final = 3


def split_words(text: str) -> tuple[str, ...]:
    """Return the words of a text, folded as the text index folds them; at most 16, each once."""
    found = (match.group() for match in _WORD.finditer(fold_text(text)))
    return tuple(dict.fromkeys(found))[:MOST_WORDS]


def fold_text(text: str) -> str:
    """Return a text in lower case without accents, as SQLite's unicode61 tokenizer does."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


class Vocabulary:
    """All words of an index; finds those that a misspelt word may stand for.

    Safe to share between threads that take turns.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        # Numbers are not corrected to: 500 ml is not 501 ml.
        self._by_length: dict[int, list[str]] = {}
        for term in terms:
            if not _has_digit(term):
                self._by_length.setdefault(len(term), []).append(term)
        self._prefixes: dict[int, list[str]] = {}

    def corrections(self, word: str) -> tuple[str, ...]:
        """Return words, or prefixes of words, within one or two letters of this one, nearest first.

        A letter may be missing, superfluous, wrong or swapped with the next (optimal string
        alignment distance). Words under four letters and those with digits are taken as they are.
        """
        allowed = _allowed(word)
        if not allowed:
            return ()
        distances: dict[str, int] = {}
        for candidates in self._candidates(word):
            found = process.extract_iter(
                word, candidates, scorer=OSA.distance, score_cutoff=allowed
            )
            for candidate, distance, _ in found:
                distances[candidate] = min(distance, distances.get(candidate, distance))
        ranked = sorted(distances, key=lambda term: (distances[term], -len(term), term))
        return tuple(ranked[:_MOST_CORRECTIONS])

    def _candidates(self, word: str) -> Iterator[Sequence[str]]:
        """Yield whole words, then prefixes of longer ones, about as long as the word."""
        allowed = _allowed(word)
        for length in range(len(word) - allowed, len(word) + allowed + 1):
            yield self._by_length.get(length, ())
        for length in range(len(word), len(word) + allowed + 1):
            yield self._prefixes_of(length)

    def _prefixes_of(self, length: int) -> Sequence[str]:
        if length not in self._prefixes:
            longer = (terms for size, terms in self._by_length.items() if size > length)
            self._prefixes[length] = list({term[:length] for terms in longer for term in terms})
        return self._prefixes[length]


def _allowed(word: str) -> int:
    if _has_digit(word) or len(word) < _ONE_WRONG:
        return 0
    return 1 if len(word) < _TWO_WRONG else 2


def _has_digit(word: str) -> bool:
    return any(letter.isdigit() for letter in word)
