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


@dataclass(frozen=True, slots=True)
class CropLocation:
    """How two pictures are related.

    Attributes:
        relation: `crop`, `same`, `overlap`, `ambiguous` or `unrelated`.
        probability: in [0, 1], that both show one and the same shot.
        crop: which picture is the crop; None where neither is, or both are the same.
        outline: four corners (x, y) of the crop in pixels of the full picture, clockwise from the
            crop's own top left, edges at whole numbers; empty unless `crop` or `same`.
        scale: pixels of the full picture per pixel of the crop; None where there is no outline.
        rotation: degrees, clockwise; None where there is no outline.
        mirrored: the crop is a mirror image.
        places: of an overlap or an ambiguous crop, the outlines in `a` and in `b`.
        sentence: for people.
    """

    relation: Literal["crop", "same", "overlap", "ambiguous", "unrelated"]
    probability: float
    crop: Literal["a", "b"] | None
    outline: Outline
    scale: float | None
    rotation: float | None
    mirrored: bool
    places: tuple[tuple[Outline, Outline], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class LocatedAmong:
    """How one of many pictures is related to the one that was looked for.

    Attributes:
        index: its place among the many, from 0.
        location: how; the one looked for is `a`, this one is `b`.
    """

    index: int
    location: CropLocation


@dataclass(frozen=True, slots=True)
class ProposedCrop:
    """One thing that somebody may mean in a picture.

    Attributes:
        box: left, top, right, bottom in pixels.
        kind: `painting`, `object`, or `whole` where nothing stands out.
        confidence: in [0, 1], that this is what is meant.
        corners: four corners (x, y) of a painting, clockwise from its top left; else empty.
    """

    box: Box
    kind: Literal["painting", "object", "whole"]
    confidence: float
    corners: Outline


@dataclass(frozen=True, slots=True)
class ThumbnailCrop:
    """The most pleasant crop at one aspect.

    Attributes:
        aspect: that was asked for, such as `16:9`.
        box: left, top, right, bottom in whole pixels.
        score: comparable among crops of one picture and aspect; higher is better.
        reasons: in words.
        cuts_a_face: an edge goes through a face, because no crop of that shape avoids it.
        alternatives: boxes of other crops, best first.
    """

    aspect: str
    box: Box
    score: float
    reasons: tuple[str, ...]
    cuts_a_face: bool
    alternatives: tuple[Box, ...]
