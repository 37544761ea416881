"""A location in one sentence for people."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.location import Location

_TURNED_DEG: Final = 0.5  # less is not seen, and not named


def describe(found: Location, a: str, b: str) -> str:
    """Say how the pictures named `a` and `b` are related."""
    if found.relation == "same":
        return f"{a} and {b} are the same picture{_turned(found)}{_scaled(found)}"
    if found.relation == "overlap":
        return _overlapping(found, a, b)
    crop, full = (a, b) if found.crop == "a" else (b, a)
    if found.relation == "ambiguous":
        if found.both_even:
            return (
                f"{a} and {b} show one colour, the same in both, and nothing else; "
                "whether one is a crop of the other cannot be told"
            )
        if found.even:
            return f"{crop} shows hardly more than one colour, which fits many places of {full}"
        return (
            f"{crop} fits {len(found.places)} places of {full} equally well, "
            "so where it was cut out is ambiguous"
        )
    if found.relation == "unrelated" or found.outline is None or found.placement is None:
        if found.mirror_found:
            return (
                f"neither of {a} and {b} is a crop of the other, but the mirror image of one fits; "
                "allow mirrored crops to see where"
            )
        return f"neither of {a} and {b} is a crop of the other; no part of them is the same"
    left, top = (int(side) for side in found.outline.min(axis=0).round())
    mirrored = "mirrored " if found.placement.mirrored else ""
    return (
        f"{crop} is a {mirrored}crop of {full}{_turned(found, mirror=False)}; "
        f"its top-left corner lies at ({left}, {top})"
    )


def _overlapping(found: Location, a: str, b: str) -> str:
    plain = f"{a} and {b} overlap: both are cut from one picture, and neither contains the other"
    if not found.places:
        return plain
    place = found.places[0]
    return (
        f"{plain}; the part in common lies at {_corner(place.a)} of {a} "
        f"and at {_corner(place.b)} of {b}"
    )


def _corner(outline: NDArray[np.float64]) -> str:
    """The upper left corner of an outline, and its width and height."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    left, top = (int(side) for side in low.round())
    width, height = (int(side) for side in (high - low).round())
    return f"({left}, {top}), {width} x {height} pixels"


def _turned(found: Location, *, mirror: bool = True) -> str:
    """Return how one lies on the other, if not as the other does."""
    if found.placement is None:
        return ""
    mirrored = ", mirrored" if mirror and found.placement.mirrored else ""
    turned = abs(found.placement.rotation)
    return mirrored + (f", turned by {turned:.3g} degrees" if turned > _TURNED_DEG else "")


def _scaled(found: Location) -> str:
    if found.placement is None or abs(found.placement.scale - 1) < 0.01:
        return ""
    return f", one {max(found.placement.scale, 1 / found.placement.scale):.2f} times the other"
