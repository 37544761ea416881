"""The word test: read the picture, warped onto a reference, and compare it with what that reads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.retrieval.reference import Reference
from matcher.verification.verifier import Contest, Hypothesis, Query
from matcher.words.commonness import shares_among
from matcher.words.comparison import (
    WORD_SETTINGS,
    WordComparison,
    WordSettings,
    comparable,
    compare_words,
    mark_shared,
    weigh_words,
)
from matcher.words.spelling import letters_of
from matcher.words.word_reader import WordReader, turn_of

_SHARP_SHRINK: Final = (
    1.3  # query pixels per pixel of the reference, from which aliases are blurred
)
_MOST_LINES: Final = 16  # that are read in a picture, the largest


class WordTest:
    """Weighs what stands on a picture at the places of a reference's words; thread-safe."""

    def __init__(self, reader: WordReader, settings: WordSettings = WORD_SETTINGS) -> None:
        self._reader = reader
        self._settings = settings

    def can_tell(self, contest: Contest) -> bool:
        """Return whether one of the references has words to compare; costs nothing."""
        return any(
            comparable(hypothesis.reference.words, self._settings)
            for hypothesis in contest.hypotheses
        )

    def read(self, query: Query, contest: Contest, references: Sequence[Reference] = ()) -> Contest:
        """Return the contest with what words say of each hypothesis; reads the picture once.

        Args:
            query: the picture.
            contest: that is not beyond doubt.
            references: of the products that could be meant: what many of them carry says little.
        """
        worded = (
            item for item in contest.hypotheses if comparable(item.reference.words, self._settings)
        )
        basis = next(worded, contest.hypotheses[0])
        read = self._read_onto(query, basis)
        known = self._printed_on(references)
        compared = mark_shared(
            [self._compared(query, item, basis, read, known) for item in contest.hypotheses],
            self._settings,
        )
        hypotheses = tuple(
            replace(item, words=weigh_words(readings, self._settings), readings=readings)
            for item, readings in zip(contest.hypotheses, compared, strict=True)
        )
        return replace(contest, hypotheses=hypotheses, is_read=True)

    def _read_onto(self, query: Query, basis: Hypothesis) -> tuple[PrintedWord, ...]:
        crop, onto = basis.reference.crop, basis.placement.homography
        area = cv2.contourArea(basis.placement.outline)
        shrink = float(np.sqrt(area / (crop.width * crop.height)))
        source = query.image
        if shrink > _SHARP_SHRINK:
            source = cv2.GaussianBlur(source, (0, 0), 0.5 * shrink).astype(np.uint8)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        flat = cv2.warpPerspective(
            source, onto, (crop.width, crop.height), flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        turn = turn_of(basis.reference.words)
        return self._reader.read(flat.astype(np.uint8), turn, _MOST_LINES)

    def _compared(
        self,
        query: Query,
        hypothesis: Hypothesis,
        basis: Hypothesis,
        read: Sequence[PrintedWord],
        known: Mapping[str, Sequence[str]],
    ) -> tuple[WordComparison, ...]:
        onto = np.linalg.inv(hypothesis.placement.homography) @ basis.placement.homography
        moved = [replace(word, outline=_carried(word.outline, onto)) for word in read]
        expected = _in_view(hypothesis, query)
        compared = compare_words(expected, moved, self._settings)
        own = hypothesis.reference.product_id
        others = [printed for product_id, printed in known.items() if product_id != own]
        shares = shares_among([item.expected for item in compared], others, self._settings.alike)
        return tuple(
            replace(item, share=float(share)) for item, share in zip(compared, shares, strict=True)
        )

    def _printed_on(self, references: Sequence[Reference]) -> dict[str, list[str]]:
        """Return the letters of each word on each product, on all its references together."""
        printed: dict[str, set[str]] = {}
        for reference in references:
            words = comparable(reference.words, self._settings)
            found = printed.setdefault(reference.product_id, set())
            found.update(letters_of(word.text) for word in words)
        return {product_id: sorted(words) for product_id, words in printed.items()}


def _in_view(hypothesis: Hypothesis, query: Query) -> list[PrintedWord]:
    """Return the words of a reference whose places lie in the picture."""
    height, width = query.image.shape[:2]

    def is_in_view(word: PrintedWord) -> bool:
        place = _carried(word.outline, hypothesis.placement.homography)
        return bool((place >= 0).all() and (place <= [width, height]).all())

    return [word for word in hypothesis.reference.words if is_in_view(word)]


def _carried(outline: NDArray[np.float32], onto: NDArray[np.float64]) -> NDArray[np.float32]:
    moved = cv2.perspectiveTransform(outline[None].astype(np.float64), onto)[0]
    return np.asarray(moved, np.float32)
