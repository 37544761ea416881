"""Answers of a catalog, as frozen values of plain Python types."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["identical", "similar", "unknown"]
Box: TypeAlias = tuple[float, float, float, float]
Outline: TypeAlias = tuple[tuple[float, float], ...]


class SkulensError(Exception):
    """Something was refused; the message is one sentence for people."""


@dataclass(frozen=True, slots=True)
class FoundProduct:
    """Something in a picture that may be a product, and what the catalog says of it.

    Attributes:
        product_id: of the best product, whatever the verdict; None if nothing was a candidate.
        name: that people know it by; the id if the catalog has no name, "" without a product.
        verdict: `identical`, `similar` or `unknown`.
        probability: in [0, 1], that `product_id` is right and in view.
        box: left, top, right, bottom in pixels, right and bottom exclusive.
        outline: four corners (x, y) in pixels, clockwise from the product's own top left; empty
            where nothing was verified.
    """

    product_id: str | None
    name: str
    verdict: Verdict
    probability: float
    box: Box
    outline: Outline


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """The products in one picture.

    Attributes:
        products: the most prominent first; the verdict of each may be `unknown`.
        index_version: of the catalog that answered.
        elapsed_ms: milliseconds that the answer took.
    """

    products: tuple[FoundProduct, ...]
    index_version: int
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One step in the life of something before a camera.

    Attributes:
        kind: `entered`, `confirmed`, `revised` or `left`.
        appearance_id: the same from entering to leaving.
        product_id: of the best product; None if nothing was a candidate.
        name: that people know it by; the id if the catalog has no name, "" without a product.
        verdict: `identical`, `similar` or `unknown`.
        probability: in [0, 1], that `product_id` is right and in view.
        box: left, top, right, bottom in pixels of the frame.
        time_s: seconds since the source began.
        age_ms: milliseconds from the frame's capture to this event.
    """

    kind: Literal["entered", "confirmed", "revised", "left"]
    appearance_id: str
    product_id: str | None
    name: str
    verdict: Verdict
    probability: float
    box: Box
    time_s: float
    age_ms: float


@dataclass(frozen=True, slots=True)
class SeenProduct:
    """One appearance in a video, from coming into view to leaving.

    Attributes:
        product_id: of the product; None where it stayed unknown.
        name: that people know it by; the id if the catalog has no name, "" without a product.
        verdict: `identical`, `similar` or `unknown`.
        probability: in [0, 1], that `product_id` is right.
        from_s: seconds of the video.
        to_s: seconds of the video.
    """

    product_id: str | None
    name: str
    verdict: Verdict
    probability: float
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class VideoResult:
    """The products in a video.

    Attributes:
        appearances: in the order of coming into view.
        frames: in the video.
        duration_s: seconds of video.
        note: what was wrong with the file, in one sentence; None if nothing.
    """

    appearances: tuple[SeenProduct, ...]
    frames: int
    duration_s: float
    note: str | None
