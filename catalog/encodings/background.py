"""Encodings without the background that references of unrelated products share."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import CompactFeatures, Encoding, ReferenceCrop
from catalog.encodings.printed import PrintedWord
from catalog.records.kept import KeptBy
from catalog.records.product import ReferenceImage
from catalog.records.shared_cells import cells_at, unpack_cells

_PROVEN: Final = (KeptBy.GROUND, KeptBy.PERSON)  # grounds on which a cut holds the product alone
_POINT_UNIT: Final = 64.0  # steps per pixel of stored keypoints


def is_proven(encoding: Encoding) -> bool:
    """Return whether what is kept of a picture is sure to be the product alone."""
    return encoding.crop.kept is not None and encoding.crop.kept.by in _PROVEN


def is_at_risk(encoding: Encoding, relatives: Iterable[Encoding]) -> bool:
    """Return whether background may have been kept of a picture.

    The product's other pictures tell them apart only where one of them is sure: two photos before
    the same shelf agree on the shelf.
    """
    kept = encoding.crop.kept
    if kept is None or kept.by in _PROVEN:
        return False
    return kept.by is not KeptBy.SIBLINGS or not any(map(is_proven, relatives))


def without_background(encoding: Encoding, image: ReferenceImage) -> Encoding:
    """Return an encoding without the keypoints and the surface in its picture's background."""
    if not image.shared_cells:
        return encoding
    crop, local = encoding.crop, encoding.local
    kept = ~keypoints_in_background(encoding, image)
    left = CompactFeatures(
        local.points[kept], local.scales[kept], local.angles[kept], local.codes[kept]
    )
    words = None if encoding.words is None else _on_product(crop, encoding.words, image)
    return replace(encoding, crop=_product_alone(crop, image), local=left, words=words)


def _on_product(
    crop: ReferenceCrop, words: tuple[PrintedWord, ...], image: ReferenceImage
) -> tuple[PrintedWord, ...]:
    middles = np.array([word.outline.mean(axis=0) for word in words], np.float64).reshape(-1, 2)
    behind = _in_background(crop, middles, image)
    return tuple(word for word, is_behind in zip(words, behind, strict=True) if not is_behind)


def keypoints_in_background(encoding: Encoding, image: ReferenceImage) -> NDArray[np.bool_]:
    """Return (N,) which keypoints of an encoding lie in the background of its picture."""
    points = encoding.local.points.astype(np.float64) / _POINT_UNIT
    return _in_background(encoding.crop, points, image)


def _product_alone(crop: ReferenceCrop, image: ReferenceImage) -> ReferenceCrop:
    """Return the crop with a mask that leaves the background out, unless nothing is left then."""
    height, width = crop.mask.shape
    rows, columns = np.mgrid[:height, :width]
    cell = np.array([crop.width / width, crop.height / height])
    centres = (np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5) * cell
    mask = crop.mask & ~_in_background(crop, centres, image).reshape(height, width)
    return replace(crop, mask=mask) if mask.any() else crop


def _in_background(
    crop: ReferenceCrop, points: NDArray[np.float64], image: ReferenceImage
) -> NDArray[np.bool_]:
    if len(points) == 0:
        return np.zeros(0, np.bool_)
    placed = cv2.perspectiveTransform(points[None], crop.to_picture)[0]
    return cells_at(unpack_cells(image.shared_cells), placed, image.size)
