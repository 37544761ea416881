"""Labelled pictures for measuring: boxes of art, and corners of flat things."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.recognition.dataset import load_picture
from matcher.imaging.box import Box
from matcher.imaging.resize import resize_within

PHONE_SIDE: Final = 480  # pixels of the longer side of the picture that a phone sends first
_LABELS: Final = Path(__file__).parents[2] / "labels" / "art_corners.json"


@dataclass(frozen=True, slots=True)
class ArtPicture:
    """A picture with boxes of art; none where there is none.

    Attributes:
        path: of the picture.
        boxes: in its pixels.
        longest: pixels of its longer side.
    """

    path: Path
    boxes: tuple[Box, ...]
    longest: int


@dataclass(frozen=True, slots=True, eq=False)
class CornerPicture:
    """A picture with the corners of one flat thing.

    Attributes:
        path: of the picture.
        corners: (4, 2) in its pixels, clockwise.
    """

    path: Path
    corners: NDArray[np.float64]


def read_small(path: Path) -> tuple[NDArray[np.uint8], float]:
    """Read a picture as a phone sends it; also return its scale to the file's pixels."""
    image = load_picture(path)
    return resize_within(image, 1, PHONE_SIDE)


def read_painting_corners(shared: Path) -> tuple[CornerPicture, ...]:
    """Return the held-out paintings whose corners were labelled by hand.

    Raises:
        BenchError: the labels are broken.
    """
    try:
        entries = json.loads(_LABELS.read_text(encoding="utf-8"))["paintings"]
    except (OSError, json.JSONDecodeError, KeyError) as error:
        raise BenchError(f"cannot read {_LABELS}: restore it") from error
    folder = shared / "art_boxes" / "images"
    return tuple(
        CornerPicture(folder / entry["image"], np.array(entry["corners"], np.float64))
        for entry in entries
    )
