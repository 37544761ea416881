"""How far fitted corners are from labelled ones, in shares of the thing's diagonal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.crops.propose.art import CornerPicture, read_small
from bench.progress import Progress, silent
from bench.table import Figures, Table
from matcher.crops.propose.proposer import CropProposer

NEAR: Final = 0.03  # of the diagonal: a corner this near counts as found
_CLOCKWISE: Final = 4


@dataclass(frozen=True, slots=True)
class CornerFigures:
    """One set of pictures, each tapped in the middle of what is labelled.

    Attributes:
        name: of the set.
        pictures: in it.
        answered: share of them with corners.
        near: share of all pictures whose four corners all lie near.
        box_near: the same of the box's corners instead of the fitted ones.
        median: distance of the farthest corner in shares of the diagonal, of those with corners.
    """

    name: str
    pictures: int
    answered: float
    near: float
    box_near: float
    median: float


@dataclass(frozen=True, slots=True, eq=False)
class CornerResult(Figures):
    """All sets."""

    sets: tuple[CornerFigures, ...]

    def table(self) -> Table:
        """For people."""
        columns = ("corners", "pictures", "answered", "within 3 %", "the box's", "median")
        rows = [
            (
                corners.name,
                str(corners.pictures),
                f"{corners.answered:.3f}",
                f"{corners.near:.3f}",
                f"{corners.box_near:.3f}",
                f"{corners.median:.2%}",
            )
            for corners in self.sets
        ]
        notes = ("the farthest of four corners, in shares of the diagonal; pictures 480 px long",)
        return Table("four corners", columns, tuple(rows), notes)


def measure_corners(
    sets: Sequence[tuple[str, Sequence[CornerPicture]]],
    proposer: CropProposer,
    on_progress: Progress = silent,
) -> CornerResult:
    """Tap the middle of everything labelled, and compare corners."""
    return CornerResult(
        tuple(_measure(name, pictures, proposer, on_progress) for name, pictures in sets)
    )


def farthest_corner(found: NDArray[np.float64], labelled: NDArray[np.float64]) -> float:
    """Return the largest distance of (4, 2) corners in shares of the labelled diagonal.

    Which of the corners is called the first does not matter: a cover held askew has no top.
    """
    diagonal = float(
        max(np.hypot(*(labelled[0] - labelled[2])), np.hypot(*(labelled[1] - labelled[3])))
    )
    turns = [np.roll(found, turn, axis=0) for turn in range(_CLOCKWISE)]
    return min(float(np.hypot(*(turn - labelled).T).max()) for turn in turns) / diagonal


def _measure(
    name: str,
    pictures: Sequence[CornerPicture],
    proposer: CropProposer,
    on_progress: Progress,
) -> CornerFigures:
    distances, boxed = [], []
    for number, picture in enumerate(pictures):
        image, scale = read_small(picture.path)
        labelled = _clockwise(picture.corners * scale)
        x, y = labelled.mean(axis=0).tolist()
        best = proposer.propose(image, (x, y), limit=1)[0]
        box = best.box
        rim = np.array([[box.left, box.top], [box.right, box.top], [box.right, box.bottom],
                        [box.left, box.bottom]])  # fmt: skip
        boxed.append(farthest_corner(rim, labelled))
        corners = best.corners
        distances.append(np.inf if corners is None else farthest_corner(corners, labelled))
        on_progress(f"corners: {name}", number + 1, len(pictures))
    found = np.array(distances)
    answered = np.isfinite(found)
    return CornerFigures(
        name,
        len(found),
        float(answered.mean()),
        float((found <= NEAR).mean()),
        float((np.array(boxed) <= NEAR).mean()),
        float(np.median(found[answered])) if answered.any() else float("nan"),
    )


def _clockwise(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corners in clockwise order on the screen, whatever order they were labelled in."""
    x, y = corners[:, 0], corners[:, 1]
    turns = float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    return corners if turns > 0 else corners[::-1]
