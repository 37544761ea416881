"""Outlines that people draw, and what is said of the part of a picture that is kept."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from catalog.encodings.background import keypoints_in_background
from catalog.encodings.encoding import Encoding
from catalog.errors import Invalid
from catalog.records.kept import Corner, KeptBy, KeptChoice, ReferenceCut
from catalog.records.product import ReferenceImage
from catalog.records.shared_cells import Area, areas_of, unpack_cells

_CORNERS: Final = 4  # as every outline of a flat thing has
# Square pixels: as much as the smallest picture has; less shows nothing.
_SMALLEST_AREA: Final = 256.0
_NOTED_BELOW: Final = 0.995  # share of keypoints from which on "all of them" is true enough

_NO_CHOICE: Final = (
    "what to keep must be whole, automatic, or four corners such as 10,20 300,20 300,400 10,400"
)

_GROUNDS: Final = {
    KeptBy.GROUND: "kept is what stands out from its plain ground",
    KeptBy.SIBLINGS: "kept is where the product's other pictures agree with it",
    KeptBy.DETECTOR: "kept is the one thing that stands out in it",
    KeptBy.NOTHING: "kept is all of it, as nothing in it stands apart",
    KeptBy.DOUBT: (
        "kept is all of it, as the part that stands out has few of its keypoints; draw an outline "
        "if the rest is background"
    ),
    KeptBy.PERSON: "kept is what you chose",
}


@dataclass(frozen=True, slots=True)
class KeptImage:
    """The part that is kept of one reference picture.

    Attributes:
        picture: the file's name.
        image_id: of the picture.
        outline: the four corners of what is kept, in pixels of the upright picture.
        cut: how it was found; None where an earlier version did not write it down.
        background: areas that are dropped all the same, for other products' pictures show them:
            left, top, right and bottom in pixels of the upright picture.
        background_share: of the kept keypoints that lie in them, in [0, 1].
    """

    picture: str
    image_id: str
    outline: tuple[Corner, ...]
    cut: ReferenceCut | None
    background: tuple[Area, ...] = ()
    background_share: float = 0.0

    @property
    def sentence(self) -> str:
        """One line for people."""
        if self.cut is None:
            return f"{self.picture}: an earlier version did not write down what it kept"
        line = f"{self.picture}: {self.cut.kind}; {_GROUNDS[self.cut.by]}"
        if self.cut.share < _NOTED_BELOW:
            line = f"{line} ({self.cut.share:.0%} of its keypoints)"
        if not self.background:
            return line
        return (
            f"{line}; {self.background_share:.0%} of that is dropped as background, which pictures "
            "of several other products show, too"
        )


def describe_kept(image: ReferenceImage, encoding: Encoding) -> KeptImage:
    """Return what an encoding keeps of its picture."""
    corners = tuple((float(x), float(y)) for x, y in encoding.crop.outline.tolist())
    cells = unpack_cells(image.shared_cells)
    dropped = keypoints_in_background(encoding, image) if cells.any() else np.zeros(1)
    return KeptImage(
        image.source_name,
        image.image_id,
        corners,
        encoding.crop.kept,
        tuple(areas_of(cells, image.size)),
        float(dropped.mean()) if len(dropped) else 0.0,
    )


def read_choice(given: object) -> KeptChoice | None:
    """Return a choice as people write it.

    Args:
        given: "whole", "automatic", "x,y x,y x,y x,y", or a list of four pairs of numbers.

    Raises:
        Invalid: it is none of these.
    """
    if given == "automatic":
        return None
    if given == "whole":
        return KeptChoice()
    corners = given.split() if isinstance(given, str) else given
    if not isinstance(corners, list) or len(corners) != _CORNERS:
        raise Invalid(_NO_CHOICE)
    return KeptChoice(tuple(_corner(corner) for corner in corners))


def _corner(given: object) -> Corner:
    pair = given.split(",") if isinstance(given, str) else given
    if not isinstance(pair, list) or len(pair) != len(("x", "y")):
        raise Invalid(_NO_CHOICE)
    try:
        x, y = (float(number) for number in pair)
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(_NO_CHOICE) from error
    return x, y


def check_choice(
    choice: KeptChoice | None, width: int, height: int, name: str
) -> KeptChoice | None:
    """Return a choice that can be made of a picture, its corners clockwise.

    Args:
        choice: what a person wants to keep; None to find that out.
        width: of the upright picture, in pixels.
        height: of it.
        name: of the file, for the message.

    Raises:
        Invalid: the outline has not four corners, leaves the picture, crosses itself, or holds
            nothing.
    """
    if choice is None or choice.is_whole:
        return choice
    if len(choice.outline) != _CORNERS:
        raise Invalid(f"the outline of {name} has {len(choice.outline)} corners; give four")
    for number, (x, y) in enumerate(choice.outline, 1):
        if not (0 <= x <= width and 0 <= y <= height):  # also not a number
            raise Invalid(
                f"corner {number} of the outline ({x:g},{y:g}) lies outside {name}, which has "
                f"{width}x{height} pixels; give corners in pixels of the upright picture"
            )
    return KeptChoice(_clockwise(choice.outline, name))


def _clockwise(outline: tuple[Corner, ...], name: str) -> tuple[Corner, ...]:
    corners = np.array(outline, np.float64)
    sides = [b - a for a, b in pairwise([*corners, corners[0]])]
    turns = [a[0] * b[1] - a[1] * b[0] for a, b in pairwise([*sides, sides[0]])]
    following = np.roll(corners, -1, axis=0)
    area = float((corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]).sum()) / 2
    if not (all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)):
        raise Invalid(
            f"the outline of {name} crosses itself or is dented; give its corners in their order "
            "around the product"
        )
    if abs(area) < _SMALLEST_AREA:
        raise Invalid(
            f"the outline of {name} holds next to nothing ({abs(area):.0f} square pixels); give "
            "the four corners of the product"
        )
    plain = tuple((float(x), float(y)) for x, y in outline)
    return plain if area > 0 else (plain[0], *reversed(plain[1:]))
