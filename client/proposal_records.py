"""JSON of what is meant in a picture."""

from typing_extensions import TypedDict


class ProposalJson(TypedDict):
    """One thing that may be meant; its box is (left, top, right, bottom) in pixels.

    `kind` is `painting`, `object` or `whole`; a painting has its four corners, clockwise from the
    top left, where they can be seen.
    """

    box: list[float]
    kind: str
    confidence: float
    corners: list[list[float]] | None


class ProposalsJson(TypedDict):
    """What may be meant in a picture, the likeliest first; never nothing."""

    image: str
    width: int
    height: int
    proposals: list[ProposalJson]
    sentence: str
    elapsed_ms: float
