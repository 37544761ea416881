"""Reference pictures in, encodings out: everything the catalog keeps so that it is made once."""

from collections.abc import Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import Encoding, PartIds, ReferenceCrop
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd, KeypointMatcher, LocalFeatures
from matcher.retrieval.foreground import (
    Foreground,
    Locator,
    Sibling,
    locate_by_centre,
    locate_by_detector,
    locate_by_plain_background,
    locate_by_siblings,
    take_everything,
)
from matcher.retrieval.multi_crop import embed_multi_crop
from matcher.retrieval.reference import canonical_corners

CANONICAL_SIDE: Final = 512
_SEARCH_SIDE: Final = 640
_STORED_SIDE: Final = 320
_MASK_SIDE: Final = 64
_QUALITY: Final = 90
_EXTRACTED: Final = 1500
_CONFIDENCE: Final = 0.1


class Embedder(Protocol):
    """One global vector per picture."""

    @property
    def part_id(self) -> str:
        """Names network, weights and preprocessing."""
        ...

    @property
    def multi_crop_from(self) -> float:
        """From which likeness of its parts on a picture may be a heap (`retrieval.multi_crop`)."""
        ...

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """(N, D) unit vectors of N pictures (H, W, 3) RGB."""
        ...


class ReferenceEncoder:
    """Implements `catalog.encodings.encoding.Encoder`."""

    def __init__(
        self,
        front_end: FrontEnd,
        matcher: KeypointMatcher,
        embedder: Embedder,
        locator: Locator,
    ) -> None:
        self._front_end = front_end
        self._matcher = matcher
        self._embedder = embedder
        self._locator = locator

    @property
    def part_ids(self) -> PartIds:
        """Ids of the parts that `encode` makes."""
        return PartIds(f"crop-{CANONICAL_SIDE}-6", self._embedder.part_id, self._front_end.part_id)

    def encode(self, image: NDArray[np.uint8], siblings: Sequence[Encoding]) -> Encoding:
        """Find the product in an (H, W, 3) RGB picture, then describe only that.

        Where it may be elsewhere, as in a heap of fruit, all of the picture is embedded, as all of
        a photo that asks is, and parts of it that look like the whole.
        """
        located = self._locate(image, siblings)
        pixels = located.box.crop(image)
        canonical, _ = resize_within(pixels, CANONICAL_SIDE, CANONICAL_SIDE)
        mask = _fitted(located, canonical)
        features = _inside(self._front_end.extract(canonical, _EXTRACTED), mask)
        embed = self._embedder.embed
        if located.sure:
            embedding = embed([pixels])[0]
        else:
            embedding = embed_multi_crop(image, embed, self._embedder.multi_crop_from)
        return Encoding(
            crop=_reference_crop(located, canonical, mask),
            embedding=embedding,
            local=self._front_end.pack(features),
        )

    def _locate(self, image: NDArray[np.uint8], siblings: Sequence[Encoding]) -> Foreground:
        plain = locate_by_plain_background(image)
        if plain is not None:
            return plain
        if siblings:
            found = self._locate_by_siblings(image, siblings)
            if found is not None:
                return found
        detected = locate_by_detector(image, self._locator, _CONFIDENCE)
        if detected is not None:
            return detected
        return (locate_by_centre(image) if siblings else None) or take_everything(image)

    def _locate_by_siblings(
        self, image: NDArray[np.uint8], siblings: Sequence[Encoding]
    ) -> Foreground | None:
        searched, scale = resize_within(image, _SEARCH_SIDE, _SEARCH_SIDE)
        features = self._front_end.extract(searched, _EXTRACTED)
        known = [
            Sibling(
                self._front_end.unpack(one.local, one.crop.width, one.crop.height),
                canonical_corners(one.crop),
            )
            for one in siblings
        ]
        found = locate_by_siblings(features, known, self._matcher)
        if found is None:
            return None
        height, width = image.shape[:2]
        mask = cv2.resize(found.mask.astype(np.uint8), (width, height)) > 0
        return Foreground(
            found.box.scaled(1 / scale).clipped(width, height), found.outline / scale, mask
        )


def _fitted(located: Foreground, canonical: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(h, w) bool: the located mask in the canonical crop."""
    whole = np.repeat(located.mask[..., None], 3, axis=2).astype(np.uint8)
    cut = np.ascontiguousarray(located.box.crop(whole)[..., 0])
    height, width = canonical.shape[:2]
    fitted: NDArray[np.bool_] = cv2.resize(cut, (width, height), interpolation=0) > 0
    return fitted


def _inside(features: LocalFeatures, mask: NDArray[np.bool_]) -> LocalFeatures:
    columns = np.clip(np.rint(features.points[:, 0]).astype(int), 0, features.width - 1)
    rows = np.clip(np.rint(features.points[:, 1]).astype(int), 0, features.height - 1)
    reach = max(min(mask.shape) // 64, 1)
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return features.select(grown[rows, columns] > 0)


def _reference_crop(
    located: Foreground, canonical: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> ReferenceCrop:
    height, width = canonical.shape[:2]
    box = located.box
    left, top = np.floor(box.left), np.floor(box.top)
    to_picture = np.array(
        [
            [(np.ceil(box.right) - left) / width, 0, left],
            [0, (np.ceil(box.bottom) - top) / height, top],
            [0, 0, 1],
        ]
    )
    stored, _ = resize_within(canonical, 1, _STORED_SIDE)
    bgr = cv2.cvtColor(stored, cv2.COLOR_RGB2BGR)
    _, jpeg = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    coarse = cv2.resize(mask.astype(np.uint8), (_MASK_SIDE, _MASK_SIDE), interpolation=0)
    return ReferenceCrop(
        outline=located.outline.astype(np.float32),
        width=width,
        height=height,
        to_picture=to_picture,
        jpeg=jpeg.ravel(),
        mask=coarse > 0,
    )
