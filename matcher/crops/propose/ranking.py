"""Which of the things in a picture is meant: its score, how central it is, or where a tap went.

Photographers put what they mean near the middle (Judd et al., "Learning to predict where humans
look", 2009). A tap overrules that: what it hits comes first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from matcher.crops.propose.network import ProposedBox
from matcher.imaging.box import Box

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """Weights of the parts, in logits.

    Attributes:
        centre: lost by a box whose middle lies at the rim of the picture, at a side's middle.
        size: gained per doubling of the share of the picture's sides that a box covers.
        hit: gained by a box that a tap hits.
        aside: lost by such a box per its half size between its middle and the tap, squared.
        tight: lost per doubling of such a box's size: the smaller of two is meant.
    """

    centre: float = 1.0
    size: float = 0.35
    hit: float = 8.0
    aside: float = 1.5
    tight: float = 0.25


RANKING_SETTINGS: Final = RankingSettings()
# Intersection over union from which on the less likely of two boxes shows nothing else.
_SAME_THING: Final = 0.5
_MIDDLE_SHARE: Final = 0.35  # of the picture's sides: a thing of ordinary size
_SUREST: Final = 1e-4  # scores are kept so far from 0 and 1


def rank_candidates(
    candidates: Sequence[ProposedBox],
    width: int,
    height: int,
    point: Point | None = None,
    settings: RankingSettings = RANKING_SETTINGS,
) -> list[tuple[ProposedBox, float]]:
    """Return candidates with the confidence that each is meant, in [0, 1], highest first.

    Of boxes that cover each other by half or more, the likeliest stands for all: an alternative
    that shows the same again is none.

    Args:
        candidates: in a picture.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        point: a tap (x, y) in its pixels; None if there was none.
        settings: weights of the parts.
    """
    # A tap beside everything says nothing of what is meant.
    hits = point is not None and any(_is_inside(point, found.box) for found in candidates)

    def merit(candidate: ProposedBox) -> float:
        logit = _logit(candidate.score)
        if point is None or not hits:
            return logit + _by_place(candidate.box, width, height, settings)
        return logit + _by_tap(candidate.box, width, height, point, settings)

    ranked = [(candidate, 1 / (1 + math.exp(-merit(candidate)))) for candidate in candidates]
    kept: list[tuple[ProposedBox, float]] = []
    for candidate, sure in sorted(ranked, key=lambda pair: -pair[1]):
        if all(candidate.box.iou(better.box) < _SAME_THING for better, _ in kept):
            kept.append((candidate, sure))
    return kept


def _is_inside(point: Point, box: Box) -> bool:
    return box.left <= point[0] <= box.right and box.top <= point[1] <= box.bottom


def _by_place(box: Box, width: int, height: int, settings: RankingSettings) -> float:
    across = (box.left + box.right) / width - 1
    down = (box.top + box.bottom) / height - 1
    return settings.size * _doublings(box, width, height) - settings.centre * (
        across * across + down * down
    )


def _by_tap(box: Box, width: int, height: int, point: Point, settings: RankingSettings) -> float:
    x = (2 * point[0] - box.left - box.right) / max(box.width, 1)
    y = (2 * point[1] - box.top - box.bottom) / max(box.height, 1)
    if max(abs(x), abs(y)) > 1:  # missed, by so many times its half size
        return -settings.hit - min(max(abs(x), abs(y)) - 1, 1)
    return (
        settings.hit
        - settings.aside * (x * x + y * y)
        - settings.tight * _doublings(box, width, height)
    )


def _doublings(box: Box, width: int, height: int) -> float:
    share = math.sqrt(max(box.area, 1) / (width * height))
    return math.log2(share / _MIDDLE_SHARE)


def _logit(score: float) -> float:
    bounded = min(max(score, _SUREST), 1 - _SUREST)
    return math.log(bounded / (1 - bounded))
