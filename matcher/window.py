"""Parts of a picture, looked at one by one so that small and far things show enough detail."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.box import Box
from matcher.match import Match

# The whole, its four corners and its middle, in shares of width and height. The corners overlap by
# more than a fifth, so that a small thing on a border lies wholly in one of them.
WINDOWS: Final = (
    Box(0.0, 0.0, 1.0, 1.0),
    Box(0.0, 0.0, 0.6, 0.6),
    Box(0.4, 0.4, 1.0, 1.0),
    Box(0.4, 0.0, 1.0, 0.6),
    Box(0.0, 0.4, 0.6, 1.0),
    Box(0.2, 0.2, 0.8, 0.8),
)


def window(turn: int, width: int, height: int) -> Box:
    """The part of a picture whose turn it is, in whole pixels."""
    share = WINDOWS[turn % len(WINDOWS)]
    return Box(
        float(int(share.left * width)),
        float(int(share.top * height)),
        float(int(share.right * width)),
        float(int(share.bottom * height)),
    )


def in_picture(matches: Sequence[Match], part: Box) -> list[Match]:
    """Matches found in a part, in pixels of the whole picture."""
    return [_moved(match, part.left, part.top) for match in matches]


def _moved(match: Match, dx: float, dy: float) -> Match:
    box, proof = match.detection.box, match.verification
    place = Box(box.left + dx, box.top + dy, box.right + dx, box.bottom + dy)
    if proof is not None:
        shift = np.array([dx, dy], np.float32)
        pairs: NDArray[np.float32] = proof.correspondences + np.array([0, 0, dx, dy], np.float32)
        proof = replace(proof, correspondences=pairs, outline=proof.outline + shift)
    return replace(match, detection=replace(match.detection, box=place), verification=proof)
