"""The word test: read the picture, warped onto a reference, and compare it with what that reads."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.printed import PrintedWord
from matcher.verification.verifier import Contest, Hypothesis, Query
from matcher.words.comparison import (
    WORD_SETTINGS,
    WordSettings,
    comparable,
    compare_words,
    weigh_words,
)
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

    def read(self, query: Query, contest: Contest) -> Contest:
        """Return the contest with what words say of each hypothesis; reads the picture once."""
        worded = (
            item for item in contest.hypotheses if comparable(item.reference.words, self._settings)
        )
        basis = next(worded, contest.hypotheses[0])
        read = self._read_onto(query, basis)
        return replace(
            contest,
            hypotheses=tuple(
                self._weighed(query, hypothesis, basis, read) for hypothesis in contest.hypotheses
            ),
        )

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

    def _weighed(
        self,
        query: Query,
        hypothesis: Hypothesis,
        basis: Hypothesis,
        read: Sequence[PrintedWord],
    ) -> Hypothesis:
        onto = np.linalg.inv(hypothesis.placement.homography) @ basis.placement.homography
        moved = [replace(word, outline=_carried(word.outline, onto)) for word in read]
        expected = _in_view(hypothesis, query)
        compared = compare_words(expected, moved, self._settings)
        return replace(hypothesis, words=weigh_words(compared, self._settings), readings=compared)


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
