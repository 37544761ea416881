"""One picture against many: which of them is it cut from?"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from matcher.crops.locate import Location

    Image: TypeAlias = NDArray[np.uint8]

Relation: TypeAlias = Literal["crop", "same", "overlap", "ambiguous", "unrelated"]

LOOKED_AT: Final = 12  # pictures that are compared; of more, those that share most keypoints
# The order in which people want to read them.
_ORDER: Final[Sequence[Relation]] = ("crop", "same", "ambiguous", "overlap", "unrelated")


@dataclass(frozen=True, slots=True, eq=False)
class AmongFinding:
    """How one of many pictures is related to the one that was looked for.

    Attributes:
        index: among the many, from 0.
        location: the one looked for is `a`, the one among many `b`.
    """

    index: int
    location: "Location"


def telling_order(relation: Relation, probability: float) -> tuple[int, float]:
    """Return by what answers are sorted so that the most telling one is first."""
    return _ORDER.index(relation), -probability


def most_telling_first(found: Iterable[AmongFinding]) -> list[AmongFinding]:
    """Return findings sorted, those that are not related last."""
    return sorted(
        found,
        key=lambda finding: telling_order(finding.location.relation, finding.location.probability),
    )


def worth_comparing(wanted: "Image", others: "Sequence[Callable[[], Image]]") -> list[int]:
    """Return indices of the pictures that are to be compared with one, (H, W, 3) RGB.

    Args:
        wanted: the one.
        others: decode the many; what they raise passes.

    Returns:
        All; of over `LOOKED_AT` those that share most keypoints with it, that many at most.
    """
    from matcher.crops.locate import CROP_KEYPOINTS, find_keypoints, rank_pictures
    from matcher.crops.locate.folder import KEPT_KEYPOINTS

    if len(others) <= LOOKED_AT:
        return list(range(len(others)))
    keypoints = [find_keypoints(read(), KEPT_KEYPOINTS) for read in others]
    return rank_pictures(find_keypoints(wanted, CROP_KEYPOINTS), keypoints, LOOKED_AT)
