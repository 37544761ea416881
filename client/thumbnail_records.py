"""JSON of thumbnails."""

from typing_extensions import TypedDict


class FaceJson(TypedDict):
    """A face in a picture; its box is (left, top, right, bottom) in pixels."""

    box: list[float]
    confidence: float


class CropAlternativeJson(TypedDict):
    """Another crop of the same aspect."""

    box: list[float]
    score: float
    reasons: list[str]


class ThumbnailJson(TypedDict):
    """The most pleasant crop of an aspect; `picture` is a JPEG's data URL if it was asked for."""

    aspect: str
    box: list[float]
    score: float
    reasons: list[str]
    cuts_a_face: bool
    alternatives: list[CropAlternativeJson]
    picture: str | None


class ThumbnailsJson(TypedDict):
    """A picture, framed; `saliency` is a JPEG's data URL if it was asked for."""

    image: str
    width: int
    height: int
    thumbnails: list[ThumbnailJson]
    faces: list[FaceJson]
    saliency: str | None
    elapsed_ms: float
