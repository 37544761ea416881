"""Converts locations of crops to their public JSON; the types are in `client.location_records`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from client.location_records import (
    CropPositionJson,
    LocatedAmongAnswerJson,
    LocatedAmongJson,
    LocatedCropJson,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from matcher.crops.locate import Location


def located_crop_json(
    a: str, b: str, found: "Location", difference: str | None = None
) -> LocatedCropJson:
    """Return the answer about the pictures named `a` and `b`; `difference` is a data URL."""
    from matcher.crops.locate import describe

    return {
        "a": a,
        "b": b,
        "relation": found.relation,
        "probability": round(found.probability, 4),
        "crop": found.crop,
        "position": _position(found),
        "places": [{"a": _corners(place.a), "b": _corners(place.b)} for place in found.places],
        "sentence": describe(found, a, b),
        "difference": difference,
    }


def located_among_answer_json(
    a: str, b: str, found: "Location", index: int
) -> LocatedAmongAnswerJson:
    """Return the answer about picture `a` and `b`, which is the one of this index among many."""
    return {**located_crop_json(a, b, found), "index": index}


def located_among_json(
    image: str, compared: int, answers: Sequence[LocatedAmongAnswerJson]
) -> LocatedAmongJson:
    """Return the answer about one picture and many.

    Args:
        image: name of the one.
        compared: number of the many.
        answers: about those that were looked at, the most telling first.
    """
    return {
        "image": image,
        "compared": compared,
        "answers": list(answers),
        "sentence": _among(image, compared, answers),
    }


def _among(image: str, compared: int, answers: Sequence[LocatedAmongAnswerJson]) -> str:
    if answers and answers[0]["relation"] != "unrelated":
        return answers[0]["sentence"]
    if compared == 1:
        return f"the one other picture is not related to {image}"
    return f"none of the {compared} pictures is related to {image}"


def _position(found: "Location") -> CropPositionJson | None:
    if found.relation not in ("crop", "same") or found.placement is None or found.outline is None:
        return None
    low, high = found.outline.min(axis=0), found.outline.max(axis=0)
    return {
        "left": round(float(low[0]), 2),
        "top": round(float(low[1]), 2),
        "width": round(float(high[0] - low[0]), 2),
        "height": round(float(high[1] - low[1]), 2),
        "scale": round(found.placement.scale, 5),
        "rotation": round(found.placement.rotation, 2) + 0.0,
        "mirrored": found.placement.mirrored,
        "outline": _corners(found.outline),
    }


def _corners(outline: "NDArray[np.float64]") -> list[list[float]]:
    return [[round(float(x), 2), round(float(y), 2)] for x, y in outline]
