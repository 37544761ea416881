"""Comparisons to draw."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from api.drawing.comparison import ReferenceComparison, encode_jpeg
from matcher.imaging.box import Box
from matcher.results import Verdict

OUTLINE = np.array([(110, 60), (190, 60), (190, 140), (110, 140)], np.float32)


def jpeg(width: int = 100, height: int = 100, grey: int = 128) -> bytes:
    return encode_jpeg(np.full((height, width, 3), grey, np.uint8))


def decoded(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)), np.uint8)


def comparison(pairs: int = 60) -> ReferenceComparison:
    grid = np.random.default_rng(0).uniform(0, 90, (pairs, 2))
    points = np.hstack([grid, grid + np.array((100, 50))]).astype(np.float32)
    box = Box(100, 50, 200, 150)
    return ReferenceComparison(jpeg(), jpeg(grey=90), box, points, OUTLINE, Verdict.IDENTICAL)
