"""Encodes reference pictures: everything the catalog keeps so that it is computed once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import (
    Encoding,
    EnrolledPicture,
    KeypointCoder,
    OtherProduct,
    PartIds,
    ReferenceCrop,
    SharedBackground,
)
from catalog.encodings.printed import MOST_WORDS_OF_PICTURE, PrintedWord
from catalog.records.kept import KeptBy, KeptChoice, ReferenceCut, ReferenceKind
from matcher.detection.detector import Detector
from matcher.imaging.box import Box
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd, KeypointMatcher, LocalFeatures
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.retrieval.background import BackgroundFinder
from matcher.retrieval.embedder import Embedder
from matcher.retrieval.foreground import (
    FOREGROUND_SETTINGS,
    Foreground,
    ForegroundSettings,
    Sibling,
    locate_by_siblings,
    take_everything,
    take_outline,
)
from matcher.retrieval.kind import KeptPart, ReferencePictureEvidence, decide_kind, kept_share
from matcher.retrieval.multi_crop import embed_multi_crop
from matcher.retrieval.reference import canonical_corners
from matcher.words.word_reader import WordReader


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Sizes of what is kept of a reference; a change of them needs another part id."""

    canonical_side: int = 512  # pixels of a crop's longer side, where keypoints are found
    search_side: int = 640  # pixels of a picture's longer side in which siblings are looked for
    stored_side: int = 320  # pixels of the stored crop's longer side, at most
    mask_side: int = 64  # cells of the stored mask, across and down
    quality: int = 90  # of the stored JPEG, in [1, 100]
    keypoints: int = 1500  # extracted at most; the front end keeps the strongest
    foreground: ForegroundSettings = FOREGROUND_SETTINGS


ENCODER_SETTINGS: Final = EncoderSettings()
_SURE: Final = (KeptBy.GROUND, KeptBy.SIBLINGS, KeptBy.PERSON)  # grounds of a cut
_CROP_VERSION: Final = 12  # raise it when a crop of the same picture becomes another


def reference_encoder(
    front_end: FrontEnd,
    embedder: Embedder,
    detector: Detector,
    coder: KeypointCoder | None = None,
    reader: WordReader | None = None,
) -> "ReferenceEncoder":
    """Compose the encoder of a catalog.

    Siblings are always matched by nearest neighbours: what the catalog keeps must not change with
    the matcher that verifies it later.
    """
    matcher = NearestNeighbourMatcher()
    return ReferenceEncoder(front_end, matcher, embedder, detector, coder=coder, reader=reader)


class _WholePicture:
    """A picture at the size in which its keypoints are looked for, once if at all."""

    def __init__(self, image: NDArray[np.uint8], side: int) -> None:
        self.image = image
        self.side = side
        self.searched, self.scale = resize_within(image, side, side)
        self.features: LocalFeatures | None = None


class ReferenceEncoder:
    """Implements `catalog.encodings.encoding.Encoder`."""

    def __init__(
        self,
        front_end: FrontEnd,
        matcher: KeypointMatcher,
        embedder: Embedder,
        detector: Detector,
        settings: EncoderSettings = ENCODER_SETTINGS,
        coder: KeypointCoder | None = None,
        reader: WordReader | None = None,
    ) -> None:
        self.coder = coder
        self._reader = reader
        self._front_end = front_end
        self._matcher = matcher
        self._embedder = embedder
        self._detector = detector
        self._settings = settings
        self._background = BackgroundFinder(front_end, matcher)

    @property
    def part_ids(self) -> PartIds:
        """Ids of the parts that `encode` computes."""
        crop = f"crop-{self._settings.canonical_side}-{_CROP_VERSION}"
        words = "" if self._reader is None else self._reader.part_id
        return PartIds.in_crop(crop, self._embedder.part_id, self._front_end.part_id, words)

    def encode(
        self,
        image: NDArray[np.uint8],
        siblings: Sequence[Encoding],
        choice: KeptChoice | None = None,
    ) -> Encoding:
        """Find the product in an (H, W, 3) RGB picture, then describe only that.

        Where the place is unsure, as in a heap of fruit, the whole picture is embedded, as a whole
        photo is when it is identified, and so are crops of it that look like the whole.
        """
        side = self._settings.canonical_side
        look = _WholePicture(image, side if not siblings else self._settings.search_side)
        part = self._keep(look, siblings, choice)
        place = part.place
        pixels = place.box.crop(image)
        canonical, _ = resize_within(pixels, side, side)
        mask = _fit_mask(place, canonical)
        if look.side == side and place.mask.all():
            features = self._features(look)
        else:
            features = self._front_end.extract(canonical, self._settings.keypoints)
            features = _inside(features, mask)
        embed = self._embedder.embed
        if place.sure:
            embedding = embed([pixels])[0]
        else:
            embedding = embed_multi_crop(image, embed, self._embedder.multi_crop_from)
        crop = self._reference_crop(part, canonical, mask)
        words = self._words_on(canonical, crop)
        return Encoding(crop, embedding, self._front_end.pack(features), words)

    def read_words(
        self, image: NDArray[np.uint8], crop: ReferenceCrop
    ) -> tuple[PrintedWord, ...] | None:
        """Return the words printed on a product that was located before; None without a reader."""
        if self._reader is None:
            return None
        left, top = crop.to_picture[0, 2], crop.to_picture[1, 2]
        right, bottom = (
            left + crop.to_picture[0, 0] * crop.width,
            top + (crop.to_picture[1, 1] * crop.height),
        )
        side = self._settings.canonical_side
        canonical, _ = resize_within(Box(left, top, right, bottom).crop(image), side, side)
        return self._words_on(canonical, crop)

    def _words_on(
        self, canonical: NDArray[np.uint8], crop: ReferenceCrop
    ) -> tuple[PrintedWord, ...] | None:
        """Return the words on the product itself in its canonical crop; None without a reader."""
        if self._reader is None:
            return None
        rows, columns = crop.mask.shape
        cell = np.array([crop.width / columns, crop.height / rows])

        def is_on_it(word: PrintedWord) -> bool:
            x, y = np.clip(word.outline.mean(axis=0) / cell, 0, [columns - 1, rows - 1])
            return bool(crop.mask[int(y), int(x)])

        words = self._reader.read(canonical)
        return tuple(word for word in words if is_on_it(word))[:MOST_WORDS_OF_PICTURE]

    def find_background(
        self,
        picture: EnrolledPicture,
        relatives: Sequence[EnrolledPicture],
        others: Sequence[OtherProduct],
    ) -> SharedBackground:
        """Find what a reference picture shares with those of several unrelated products."""
        return self._background.find(picture, relatives, others)

    def _keep(
        self, look: "_WholePicture", siblings: Sequence[Encoding], choice: KeptChoice | None
    ) -> KeptPart:
        image = look.image

        def find_points() -> NDArray[np.float32]:
            return np.asarray(self._features(look).points / look.scale, np.float32)

        def agree() -> Foreground | None:
            for several in _by_trust(siblings):
                found = self._locate_by_siblings(self._features(look), several)
                if found is not None:
                    return _enlarged(found, look.scale, image)
            return None

        if choice is not None:
            return _chosen(image, find_points, choice)
        evidence = ReferencePictureEvidence(
            image,
            find_points,
            cache(partial(self._detector.detect, image)),
            agree,
            any(_is_thing(sibling.crop) for sibling in siblings),
        )
        return decide_kind(evidence)

    def _features(self, look: "_WholePicture") -> LocalFeatures:
        if look.features is None:
            look.features = self._front_end.extract(look.searched, self._settings.keypoints)
        return look.features

    def _locate_by_siblings(
        self, features: LocalFeatures, siblings: Sequence[Encoding]
    ) -> Foreground | None:
        known = [
            Sibling(
                self._front_end.unpack(sibling.local, sibling.crop.width, sibling.crop.height),
                canonical_corners(sibling.crop),
            )
            for sibling in siblings
        ]
        return locate_by_siblings(features, known, self._matcher, self._settings.foreground)

    def _reference_crop(
        self, part: KeptPart, canonical: NDArray[np.uint8], mask: NDArray[np.bool_]
    ) -> ReferenceCrop:
        height, width = canonical.shape[:2]
        box = part.place.box
        left, top = np.floor(box.left), np.floor(box.top)
        across, down = (np.ceil(box.right) - left) / width, (np.ceil(box.bottom) - top) / height
        stored, _ = resize_within(canonical, 1, self._settings.stored_side)
        bgr = cv2.cvtColor(stored, cv2.COLOR_RGB2BGR)
        quality = [cv2.IMWRITE_JPEG_QUALITY, self._settings.quality]
        _, jpeg = cv2.imencode(".jpg", bgr, quality)
        side = self._settings.mask_side
        coarse = cv2.resize(mask.astype(np.uint8), (side, side), interpolation=0)
        return ReferenceCrop(
            outline=part.place.outline.astype(np.float32),
            width=width,
            height=height,
            to_picture=np.array([[across, 0, left], [0, down, top], [0, 0, 1]]),
            jpeg=jpeg.ravel(),
            mask=coarse > 0,
            kept=part.kept,
        )


def _chosen(
    image: NDArray[np.uint8], find_points: Callable[[], NDArray[np.float32]], choice: KeptChoice
) -> KeptPart:
    """Return what a person chose; all of the picture where the outline holds nothing of it."""
    outline = np.asarray(choice.outline, np.float32)
    place = None if choice.is_whole else take_outline(outline, image)
    if place is None:
        kept = ReferenceCut(ReferenceKind.WHOLE, KeptBy.PERSON)
        return KeptPart(replace(take_everything(image), sure=True), kept)
    share = kept_share(place, find_points())
    return KeptPart(place, ReferenceCut(ReferenceKind.PHOTO, KeptBy.PERSON, share))


def _enlarged(found: Foreground, scale: float, image: NDArray[np.uint8]) -> Foreground:
    """Return a place in a picture that was shrunk by `scale` as the same place in the picture."""
    height, width = image.shape[:2]
    mask = cv2.resize(found.mask.astype(np.uint8), (width, height)) > 0
    box = found.box.scaled(1 / scale).clipped(width, height)
    return Foreground(box, np.asarray(found.outline / scale, np.float32), mask)


def _by_trust(siblings: Sequence[Encoding]) -> list[list[Encoding]]:
    """Return siblings whose cut is sure before the others, without empty lists.

    What was left of a shelf around a product would agree with the same shelf in the next photo.
    """
    are_things = any(_is_thing(sibling.crop) for sibling in siblings)

    def is_sure(crop: ReferenceCrop) -> bool:
        if crop.kept is None or crop.kept.by in _SURE:
            return True
        return crop.kept.kind is ReferenceKind.WHOLE and not are_things

    sure = [sibling for sibling in siblings if is_sure(sibling.crop)]
    unsure = [sibling for sibling in siblings if not is_sure(sibling.crop)]
    return [several for several in (sure, unsure) if several]


def _is_thing(crop: ReferenceCrop) -> bool:
    return crop.kept is not None and crop.kept.kind is not ReferenceKind.WHOLE


def _fit_mask(place: Foreground, canonical: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the (h, w) bool mask of the product in the canonical crop."""
    whole = np.repeat(place.mask[..., None], 3, axis=2).astype(np.uint8)
    cut = np.ascontiguousarray(place.box.crop(whole)[..., 0])
    height, width = canonical.shape[:2]
    fitted: NDArray[np.bool_] = cv2.resize(cut, (width, height), interpolation=0) > 0
    return fitted


def _inside(features: LocalFeatures, mask: NDArray[np.bool_]) -> LocalFeatures:
    columns = np.clip(np.rint(features.points[:, 0]).astype(int), 0, features.width - 1)
    rows = np.clip(np.rint(features.points[:, 1]).astype(int), 0, features.height - 1)
    reach = max(min(mask.shape) // 64, 1)
    grown = cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return features.select(grown[rows, columns] > 0)
