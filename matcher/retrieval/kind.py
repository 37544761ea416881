"""The kind of a reference picture, decided by evidence that can be named, and what is kept of it.

* **packshot**: its border is of one colour, and what stands out from that ground is one thing:
  a single region, or the very place where the detector is sure of a product. Where a product
  touches two sides, the ground at the others is blank, or the detector agrees; what touches more
  is print on a colour. A cover has plain
  borders too; but there a title, a face and a credit line stand out from each other, or a picture
  that the detector takes for something else than one product.
* **photo**: other references of the product agree on a surface in it; or the detector is sure of
  one thing, without a rival of its size, and what lies around it is quiet. Where print lies on
  opposite sides of the thing that the detector sees, title above and credits below, the thing may
  be a part of the print: a portrait on a cover. At one side only, it is a neighbour.
  Beside references that show a thing, the detector need not be as sure, nor the rest as quiet.
* **whole**: everything else. A mask that is too large costs little, for background agrees with
  few pictures of the product; one that is too small loses the product.

No cut is made that would throw away most keypoints, whatever speaks for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.records.kept import KeptBy, ReferenceCut, ReferenceKind
from matcher.imaging.box import Box
from matcher.results import Detection
from matcher.retrieval.foreground import Foreground, foreground_of, take_box, take_everything
from matcher.retrieval.ground import Piece, PlainGround, draw_pieces, find_plain_ground


@dataclass(frozen=True, slots=True)
class KindSettings:
    """Thresholds of evidence; shares are in [0, 1]."""

    smallest_share: float = 0.02  # of the picture: a smaller piece without print is dust
    proving_keypoints: int = 8  # as many prove a place: a piece that has them is never dropped
    single_share: float = 0.9  # of all that stands out, that one region has if it is one thing
    same_place: float = 0.7  # intersection over union of two boxes that mean one thing
    filled_share: float = 0.8  # of the picture: what stands out so far is all of it, framed
    sure_confidence: float = 0.4  # below, a detector's box is as often one apple of a heap
    least_confidence: float = 0.1  # of the box of a product that other references show
    rival_share: float = 0.5  # of the best box's prominence that makes another one a rival
    apart: float = 0.3  # of a box's area, covered at most by another that is a rival to it
    # Of all keypoints beside a thing on one side: fewer are ground, more may be print, or a
    # neighbour; never fewer than `proving_keypoints`.
    quiet_share: float = 0.03
    all_share: float = 0.98  # of the keypoints: the ground beside a piece is blank
    most_share: float = 0.5  # a cut keeps at least so many of all keypoints


KIND_SETTINGS: Final = KindSettings()


@dataclass(frozen=True, eq=False)
class ReferencePictureEvidence:
    """Evidence on a picture, before its kind is decided.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        find_points: returns the (N, 2) float32 keypoints of the whole picture, in its pixels; as
            the other two, it takes long and is only called if it matters, and may be repeatedly.
        detect: returns what may be products, in any order.
        agree: returns where other references of the product agree with it, or None.
        is_thing: whether other references show the product as a thing: on ground, in a scene.
    """

    image: NDArray[np.uint8]
    find_points: Callable[[], NDArray[np.float32]]
    detect: Callable[[], Sequence[Detection]]
    agree: Callable[[], Foreground | None]
    is_thing: bool = False

    @cached_property
    def ground(self) -> PlainGround | None:
        """Its plain ground, if its border is of one colour."""
        return find_plain_ground(self.image)


@dataclass(frozen=True, slots=True, eq=False)
class KeptPart:
    """The part of a picture that is kept, and how that was decided."""

    place: Foreground
    kept: ReferenceCut


def decide_kind(
    evidence: ReferencePictureEvidence, settings: KindSettings = KIND_SETTINGS
) -> KeptPart:
    """Decide the kind of a picture, and what is kept of it."""
    cuts = (
        (ReferenceKind.PACKSHOT, KeptBy.GROUND, _on_ground),
        (ReferenceKind.PHOTO, KeptBy.SIBLINGS, _agreed),
        (ReferenceKind.PHOTO, KeptBy.DETECTOR, _detected),
    )
    is_doubted = False
    for kind, by, find in cuts:
        place = find(evidence, settings)
        if place is None:
            continue
        if by is KeptBy.GROUND and _is_all_that_stands_out(evidence):
            return KeptPart(place, ReferenceCut(kind, by))
        share = kept_share(place, evidence.find_points())
        if share >= settings.most_share or by is KeptBy.SIBLINGS:
            return KeptPart(place, ReferenceCut(kind, by, share))
        is_doubted = True
    by = KeptBy.DOUBT if is_doubted else KeptBy.NOTHING
    return KeptPart(take_everything(evidence.image), ReferenceCut(ReferenceKind.WHOLE, by))


def _is_all_that_stands_out(evidence: ReferencePictureEvidence) -> bool:
    """Return whether a picture has one piece on its ground and nothing else, not even dust."""
    return len(evidence.ground.pieces) == 1 if evidence.ground else False


def kept_share(place: Foreground, points: NDArray[np.float32]) -> float:
    """Return the share of (N, 2) keypoints in what is kept; 1 where there are none."""
    if len(points) == 0:
        return 1.0
    height, width = place.mask.shape
    columns = np.clip(np.rint(points[:, 0]).astype(int), 0, width - 1)
    rows = np.clip(np.rint(points[:, 1]).astype(int), 0, height - 1)
    return float(place.mask[rows, columns].mean())


def _agreed(evidence: ReferencePictureEvidence, _: KindSettings) -> Foreground | None:
    return evidence.agree()


def _on_ground(evidence: ReferencePictureEvidence, settings: KindSettings) -> Foreground | None:
    ground = evidence.ground
    if ground is None:
        return None
    height, width = evidence.image.shape[:2]
    pieces = _worth_keeping(ground, evidence, settings)
    thing = _one_thing(ground, pieces, evidence, settings)
    if not thing or not _stands_free(_around(thing), width, height):
        return None
    mask = draw_pieces(thing, height, width)
    if mask.mean() > settings.filled_share:
        return None
    return foreground_of(mask)


def _worth_keeping(
    ground: PlainGround, evidence: ReferencePictureEvidence, settings: KindSettings
) -> tuple[Piece, ...]:
    """Return the pieces that are large, or hold what could prove the product's place."""
    height, width = evidence.image.shape[:2]
    least = settings.smallest_share * height * width

    def has_print(piece: Piece) -> bool:
        box, points = piece.box, evidence.find_points()
        if len(points) < settings.proving_keypoints:
            return False
        beside = (points[:, 0] < box.left) | (points[:, 0] > box.right)
        beside |= (points[:, 1] < box.top) | (points[:, 1] > box.bottom)
        return int((~beside).sum()) >= settings.proving_keypoints

    return tuple(piece for piece in ground.pieces if piece.area > least or has_print(piece))


def _one_thing(
    ground: PlainGround,
    pieces: tuple[Piece, ...],
    evidence: ReferencePictureEvidence,
    settings: KindSettings,
) -> tuple[Piece, ...]:
    """Return the pieces that are one product; none where they are several things."""
    total = sum(piece.area for piece in pieces)
    if pieces and ground.surrounds and pieces[0].area >= settings.single_share * total:
        return pieces
    if ground.is_opposite and len(pieces) == 1 and _has_all_print(pieces, evidence, settings):
        return pieces
    for detection in evidence.detect():
        if detection.confidence < settings.sure_confidence:
            continue
        inside = tuple(p for p in pieces if _covered(p.box, detection.box) > settings.most_share)
        if inside and _around(inside).iou(detection.box) >= settings.same_place:
            # What else stands out may belong to it where the ground goes all around.
            return pieces if ground.surrounds else inside
    return ()


def _has_all_print(
    pieces: tuple[Piece, ...], evidence: ReferencePictureEvidence, settings: KindSettings
) -> bool:
    if _is_all_that_stands_out(evidence):
        return True
    height, width = evidence.image.shape[:2]
    place = foreground_of(draw_pieces(pieces, height, width))
    return place is not None and kept_share(place, evidence.find_points()) >= settings.all_share


def _stands_free(box: Box, width: int, height: int) -> bool:
    """Return whether ground shows on two sides of a box at least; print on a colour has none."""
    free = (box.left > 0, box.top > 0, box.right < width, box.bottom < height)
    return sum(free) >= len(("left", "right"))


def _around(pieces: Sequence[Piece]) -> Box:
    boxes = [piece.box for piece in pieces]
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _covered(box: Box, by: Box) -> float:
    return box.intersection(by) / max(box.area, 1.0)


def _detected(evidence: ReferencePictureEvidence, settings: KindSettings) -> Foreground | None:
    """Return the one thing that the detector is sure of; None where there is none, or several."""
    least = settings.least_confidence if evidence.is_thing else settings.sure_confidence
    detections = evidence.detect()
    confident = [d for d in detections if d.confidence >= least]
    if not confident:
        return None
    height, width = evidence.image.shape[:2]
    best = max(confident, key=lambda d: prominence(d, width, height))
    place = take_box(best.box, evidence.image)
    if place is None:
        return None
    place = replace(place, sure=best.confidence >= settings.sure_confidence)
    if evidence.is_thing:
        return place
    rivals = [d for d in detections if _is_rival(d, best, width, height, settings)]
    alone = not rivals and not _lies_within_print(best.box, evidence.find_points(), settings)
    return place if alone and place.mask.mean() <= settings.filled_share else None


def _lies_within_print(box: Box, points: NDArray[np.float32], settings: KindSettings) -> bool:
    """Return whether two opposite sides of a box have print beside them."""
    x, y = points[:, 0], points[:, 1]
    beside = (x < box.left, x > box.right, y < box.top, y > box.bottom)
    least = max(settings.quiet_share * len(points), settings.proving_keypoints)
    left, right, above, below = (int(side.sum()) >= least for side in beside)
    return (left and right) or (above and below)


def _is_rival(
    other: Detection, best: Detection, width: int, height: int, settings: KindSettings
) -> bool:
    """Return whether another box shows a thing of its own that counts nearly as much."""
    strong = prominence(other, width, height) >= settings.rival_share * prominence(
        best, width, height
    )
    return strong and _covered(other.box, best.box) <= settings.apart


def prominence(detection: Detection, width: int, height: int) -> float:
    """Return how much a box counts: by its confidence, its size and how central it is."""
    dx = (detection.box.left + detection.box.right) / width - 1
    dy = (detection.box.top + detection.box.bottom) / height - 1
    central = float(np.exp(-2 * (dx * dx + dy * dy)))
    return detection.confidence * detection.box.area * central
