"""Why a crop was chosen, in words."""

from dataclasses import dataclass
from typing import Final

_THIRD_SHARE: Final = 0.06  # of a side: as far from a third, things still look placed on it
_MIDDLE_SHARE: Final = 0.07  # … from the middle
_ALL_SHARE: Final = 0.97  # of what draws the eye, from which it is called all
_HAD_TO_CUT: Final = "cuts {}, as every crop of this shape that shows it would"
_SLIVER_SHARE: Final = 0.1  # of a picture: a largest window of less is owed to its shape


@dataclass(frozen=True, slots=True)
class Kept:
    """The parts of a picture that a crop keeps or cuts.

    Attributes:
        whole_faces: inside the crop.
        cut_faces: an edge goes through them.
        left_out_faces: outside.
        whole_products: inside the crop.
        saliency: share in [0, 1] of what draws the eye.
        middle: (x, y) in shares of the crop, where what draws the eye has its middle.
        area: share of the picture.
        is_empty: nothing in the picture stands out.
        is_largest: no crop of the shape shows more.
    """

    whole_faces: int
    cut_faces: int
    left_out_faces: int
    whole_products: int
    saliency: float
    middle: tuple[float, float]
    area: float
    is_empty: bool = False
    is_largest: bool = False


def explain(kept: Kept) -> tuple[str, ...]:
    """Return the reasons, the weightiest first; never none."""
    return tuple(
        reason
        for reason in (
            *_about_faces(kept),
            _counted("keeps {} whole", kept.whole_products, "product"),
            _about_saliency(kept),
            _about_middle(kept),
        )
        if reason
    )


def _about_faces(kept: Kept) -> tuple[str, ...]:
    several = kept.whole_faces + kept.cut_faces + kept.left_out_faces > 1
    whole = _counted("keeps {} whole", kept.whole_faces, "face")
    if kept.whole_faces == 1 and not several:
        whole = "keeps the face whole"
    cut = _counted(
        "cuts {}, as every crop of this shape that shows it would", kept.cut_faces, "face"
    )
    return whole, cut, _counted("leaves out {}", kept.left_out_faces, "face")


def _about_saliency(kept: Kept) -> str:
    if kept.area >= _ALL_SHARE:
        return "the whole picture"
    if kept.is_largest and kept.area < _SLIVER_SHARE:
        return "no crop of this shape shows more of so long a picture"
    if kept.is_empty:
        return "nothing stands out"
    if kept.saliency >= _ALL_SHARE:
        return "keeps all that draws the eye"
    return f"keeps {100 * kept.saliency:.0f} % of what draws the eye"


def _about_middle(kept: Kept) -> str:
    if kept.is_empty:
        return ""
    x, y = kept.middle
    if max(abs(x - 0.5), abs(y - 0.5)) <= _MIDDLE_SHARE:
        return "subject in the middle"
    if any(abs(at - third) <= _THIRD_SHARE for at in (x, y) for third in (1 / 3, 2 / 3)):
        return "subject on a third"
    return ""


def _counted(sentence: str, number: int, noun: str) -> str:
    if number == 0:
        return ""
    return sentence.format(f"{number} {noun}" + ("s" if number > 1 else ""))
