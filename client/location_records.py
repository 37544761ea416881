"""The JSON of questions about pictures alone.

Docstrings of types are published in the OpenAPI document.
"""

from typing import Literal

from typing_extensions import TypedDict


class CropPositionJson(TypedDict):
    """Where the crop lies in the full picture, in its pixels, edges at integers.

    `scale` is full pixels per crop pixel, `rotation` degrees clockwise; `outline` has the corners
    of the crop, from its own top left.
    """

    left: float
    top: float
    width: float
    height: float
    scale: float
    rotation: float
    mirrored: bool
    outline: list[list[float]]


class SharedPlaceJson(TypedDict):
    """Four corners of one part that both pictures show, in each of them."""

    a: list[list[float]]
    b: list[list[float]]


class LocatedCropJson(TypedDict):
    """How the pictures A and B are related; one line of `crop locate --json`."""

    a: str
    b: str
    relation: Literal["crop", "same", "overlap", "ambiguous", "unrelated"]
    probability: float
    crop: Literal["a", "b"] | None
    position: CropPositionJson | None
    places: list[SharedPlaceJson]
    sentence: str
    difference: str | None


class LocatedAmongAnswerJson(LocatedCropJson):
    """How one of many pictures, B, is related to A; `index` is its place among them, from 0."""

    index: int


class LocatedAmongJson(TypedDict):
    """One picture against many, the most telling answer first, those not related last.

    `compared` is how many there were; of over 12, those are answered that are likeliest.
    """

    image: str
    compared: int
    answers: list[LocatedAmongAnswerJson]
    sentence: str
