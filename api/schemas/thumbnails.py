"""Converts framed pictures to their public JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from client.thumbnail_records import ThumbnailJson, ThumbnailsJson

if TYPE_CHECKING:
    from matcher.crops.thumbnail.thumbnail import PictureScene, Thumbnail
    from matcher.imaging.box import Box


def thumbnails_json(
    name: str, scene: "PictureScene", thumbnails: "Sequence[Thumbnail]", elapsed_ms: float
) -> ThumbnailsJson:
    """Convert a picture's thumbnails; the pictures in it are left out.

    Args:
        name: of the picture's file.
        scene: what is in it.
        thumbnails: one per aspect.
        elapsed_ms: milliseconds it took.
    """
    return {
        "image": name,
        "width": scene.width,
        "height": scene.height,
        "thumbnails": [_thumbnail_json(thumbnail) for thumbnail in thumbnails],
        "faces": [
            {"box": _corners(face.box), "confidence": round(face.confidence, 4)}
            for face in scene.faces
        ],
        "saliency": None,
        "elapsed_ms": round(elapsed_ms, 1),
    }


def _thumbnail_json(thumbnail: "Thumbnail") -> ThumbnailJson:
    best = thumbnail.best
    return {
        "aspect": thumbnail.aspect.name,
        "box": _corners(best.box),
        "score": round(best.score, 4),
        "reasons": list(best.reasons),
        "cuts_a_face": best.cuts_a_face,
        "alternatives": [
            {
                "box": _corners(crop.box),
                "score": round(crop.score, 4),
                "reasons": list(crop.reasons),
            }
            for crop in thumbnail.alternatives
        ],
        "picture": None,
    }


def _corners(box: "Box") -> list[float]:
    return [round(float(side), 1) for side in (box.left, box.top, box.right, box.bottom)]
