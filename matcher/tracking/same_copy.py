"""When two appearances are one copy of a product, and when products cover something else."""

from collections.abc import Sequence
from typing import Final

from matcher.imaging.box import Box
from matcher.tracking.appearance import Appearance, AppearanceSettings

ALIKE_IN_SIZE: Final = (0.4, 2.5)  # ratio of two boxes' areas that may be one thing


def is_same_copy(
    older: Appearance, younger: Appearance, name: str | None, settings: AppearanceSettings
) -> bool:
    """Return whether an appearance of that name, if any, continues or doubles an older one."""
    one_name = older.reported == name and name is not None
    nameless = None in (older.reported, name)
    if older.in_view:
        overlap = older.place.iou(younger.place)
        inside = _containment(older.place, younger.place)
        doubled = overlap >= settings.same_overlap or inside >= settings.same_containment
        return (one_name and doubled) or (nameless and overlap >= settings.same_overlap)
    if younger.first.media_time_s < older.last.media_time_s:
        return False
    if older.severed:  # one bad frame, or another scene: only what fits exactly is believed
        return one_name and place_distance(older, younger) <= settings.near / 2
    limit = settings.near if one_name else settings.near / 2
    return (one_name or nameless) and place_distance(older, younger) <= limit


def is_covered(box: Box, products: Sequence[Box], share: float) -> bool:
    """Return whether a box lies in a product's by that share, or is filled by some."""
    shared = sum(box.intersection(product) for product in products)
    inside = any(_containment(box, product) >= share for product in products)
    return inside or shared >= share * box.area


def place_distance(first: Appearance, second: Appearance) -> float:
    """Return the distance of two places in shares of their box's sides; inf if sizes differ."""
    a, b = first.place, second.place
    smallest, largest = ALIKE_IN_SIZE
    if not smallest < a.area / max(b.area, 1.0) < largest:
        return float("inf")
    across = abs(a.left + a.right - b.left - b.right) / (a.width + b.width)
    down = abs(a.top + a.bottom - b.top - b.bottom) / (a.height + b.height)
    return max(across, down)


def _containment(first: Box, second: Box) -> float:
    """Share of the smaller box that lies in the other."""
    smaller = min(first.area, second.area)
    return first.intersection(second) / smaller if smaller > 0 else 0.0
