"""Heeds what was read on a thing before, so that words are read once and not in every look."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from matcher.imaging.box import Box
from matcher.results import KnownPrint
from matcher.verification.verifier import Contest

_SAME_PLACE: Final = 0.5  # IoU from which a contest is about a place


def recall_print(
    contest: Contest, leader: str, box: Box, known: Sequence[KnownPrint]
) -> Contest | None:
    """Return a contest with what was read at its place before.

    Args:
        contest: strongest of a look.
        leader: product that would be named.
        box: where it is, in pixels of the frame.
        known: places of the frame.

    Returns:
        None where nothing was read there, or nothing of the leader; it may still be. Unchanged
        where the place is called so already.
    """
    nearest = max(known, key=lambda place: place.box.iou(box), default=None)
    if nearest is None or nearest.box.iou(box) < _SAME_PLACE:
        return None
    ratios = {evidence.product_id: evidence.log_ratio for evidence in nearest.printed}
    if leader not in ratios and leader != nearest.name:
        return None
    hypotheses = tuple(
        replace(item, words=ratios.get(item.reference.product_id, 0.0))
        for item in contest.hypotheses
    )
    return replace(contest, hypotheses=hypotheses)
