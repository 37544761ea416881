"""Draws matches into pictures: outline, name, probability, track."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from api.drawing.label import Colour, Label, LabelRenderer, LabelText, format_percent
from matcher.imaging.box import Box
from matcher.results import Verdict

COLOURS: Final[dict[Verdict, Colour]] = {
    Verdict.IDENTICAL: (46, 214, 106),
    Verdict.SIMILAR: (255, 184, 28),
    Verdict.UNKNOWN: (196, 203, 212),
}
HALO: Final[Colour] = (14, 18, 24)  # the dark rim of lines
REFERENCE_SIDE: Final = 720  # pixels of the shorter side, at which the next three sizes hold
TEXT_SIZE: Final = 18  # pixels
MIN_TEXT_SIZE: Final = 12  # pixels; smaller letters cannot be read
LINE_WIDTH: Final = 3.0  # pixels
MAX_LABEL_SHARE: Final = 0.5  # of the picture's width
LABEL_BY_BOX: Final = 1.2  # of the box's width, before the name is wrapped
BRACKET: Final = 0.2  # of the box's shorter side
SUBPIXEL_BITS: Final = 4  # OpenCV draws with coordinates in sixteenths of a pixel
MAX_DISTANCE: Final = 3.0  # pictures; corners further outside are moved in, or OpenCV overflows


@dataclass(frozen=True, slots=True, eq=False)
class Annotation:
    """A match to draw.

    Attributes:
        box: pixels.
        outline: (4, 2), pixels; (0, 2) without one, then the box is drawn.
        label: the product's name; not used with verdict unknown.
        probability: in [0, 1], of the product.
        verdict: decides the colour: green identical, amber similar, grey unknown.
        track_id: None without a track, as in a photo.
    """

    box: Box
    outline: NDArray[np.float32]
    label: str
    probability: float
    verdict: Verdict
    track_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """A position of a label, whole pixels."""

    left: int
    top: int
    right: int
    bottom: int

    def overlap(self, other: "_Place") -> int:
        """Area in common, square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0) * max(height, 0)


class Annotator:
    """Draws annotations into pictures of one size; keeps drawn labels between frames."""

    def __init__(self, width: int, height: int) -> None:
        """Choose sizes that can be read in pictures of this size, in pixels (360 to 2160 lines)."""
        scale = min(width, height) / REFERENCE_SIDE
        text_size = max(round(TEXT_SIZE * scale), MIN_TEXT_SIZE)
        self._labels = LabelRenderer(text_size)
        self._line = max(round(LINE_WIDTH * scale), 2)

    def draw(
        self, image: NDArray[np.uint8], annotations: Sequence[Annotation]
    ) -> NDArray[np.uint8]:
        """Return a copy of the picture with all annotations, the most probable on top.

        Args:
            image: (H, W, 3) uint8 RGB.
            annotations: in any order. The label of an unknown product is left out where it would
                cover another label.
        """
        canvas = image.copy()
        by_importance = sorted(annotations, key=_importance)
        for annotation in by_importance:
            self._draw_shape(canvas, annotation)
        for label, place in self._placed_labels(canvas, by_importance[::-1]):
            label.stamp(canvas, place.left, place.top)
        return canvas

    def _draw_shape(self, canvas: NDArray[np.uint8], annotation: Annotation) -> None:
        colour = COLOURS[annotation.verdict]
        if annotation.verdict is Verdict.UNKNOWN:
            thin = max(self._line - 1, 1)
            _stroke(canvas, _brackets(annotation.box), colour, thin, is_closed=False)
            return
        _stroke(canvas, [_corners(annotation, canvas)], colour, self._line, is_closed=True)

    def _placed_labels(
        self, canvas: NDArray[np.uint8], annotations: Sequence[Annotation]
    ) -> Iterator[tuple[Label, _Place]]:
        taken: list[_Place] = []
        for annotation in annotations:
            width = min(LABEL_BY_BOX * annotation.box.width, MAX_LABEL_SHARE * canvas.shape[1])
            label = self._labels.render(_text(annotation), int(width))
            places = list(_places(annotation, canvas, label, gap=self._line + 1))
            best = min(places, key=lambda place: sum(place.overlap(other) for other in taken))
            is_clear = not any(best.overlap(other) for other in taken)
            if is_clear or annotation.verdict is not Verdict.UNKNOWN:
                taken.append(best)
                yield label, best


def _importance(annotation: Annotation) -> tuple[int, float]:
    rank = (Verdict.UNKNOWN, Verdict.SIMILAR, Verdict.IDENTICAL).index(annotation.verdict)
    return rank, annotation.probability


def _text(annotation: Annotation) -> LabelText:
    track = "" if annotation.track_id is None else f"#{annotation.track_id}"
    colour = COLOURS[annotation.verdict]
    if annotation.verdict is Verdict.UNKNOWN:
        return LabelText("unknown", "", track, colour)
    name = " ".join(annotation.label.split())
    if annotation.verdict is Verdict.SIMILAR:
        name = f"like {name}"
    return LabelText(name, format_percent(annotation.probability), track, colour)


def _corners(annotation: Annotation, canvas: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the (N, 2) polygon to draw: the outline if it is drawable, else the box."""
    outline = np.asarray(annotation.outline, np.float64).reshape(-1, 2)
    if len(outline) < 3 or not np.isfinite(outline).all():
        box = annotation.box
        outline = np.array(
            [
                (box.left, box.top),
                (box.right, box.top),
                (box.right, box.bottom),
                (box.left, box.bottom),
            ]
        )
    height, width = canvas.shape[:2]
    size = np.array([width, height], np.float64)
    return np.clip(outline, -MAX_DISTANCE * size, (1 + MAX_DISTANCE) * size)


def _brackets(box: Box) -> list[NDArray[np.float64]]:
    """Return the four corners of a box as open lines of three points."""
    reach = BRACKET * min(box.width, box.height)
    lines = []
    for x, inward_x in ((box.left, reach), (box.right, -reach)):
        for y, inward_y in ((box.top, reach), (box.bottom, -reach)):
            lines.append(np.array([(x + inward_x, y), (x, y), (x, y + inward_y)]))
    return lines


def _stroke(
    canvas: NDArray[np.uint8],
    lines: Sequence[NDArray[np.float64]],
    colour: Colour,
    thickness: int,
    *,
    is_closed: bool,
) -> None:
    """Draw lines on a dark rim, so that they are visible on any background."""
    points = [np.rint(line * 2**SUBPIXEL_BITS).astype(np.int32) for line in lines]
    rim = thickness + max(round(thickness / 1.5), 2)
    for ink, width in ((HALO, rim), (colour, thickness)):
        cv2.polylines(canvas, points, is_closed, ink, width, cv2.LINE_AA, SUBPIXEL_BITS)


def _places(
    annotation: Annotation, canvas: NDArray[np.uint8], label: Label, gap: int
) -> Iterator[_Place]:
    """Yield positions of the label, best first: above or inside at the top, below, inside."""
    height, width = canvas.shape[:2]
    around = Box.around(_corners(annotation, canvas))
    if annotation.verdict is Verdict.UNKNOWN:
        around = annotation.box
    around = around.clipped(width, height)
    left = min(max(round(around.left) - gap // 2, 0), max(width - label.width, 0))
    lowest = max(height - label.height, 0)
    above, below = round(around.top) - label.height - gap, round(around.bottom) + gap
    inside = round(around.top) + gap, round(around.bottom) - label.height - gap
    tops = [above if above >= 0 else inside[0], below, *inside]
    for top in tops:
        if top <= lowest or top in inside:
            top = min(max(top, 0), lowest)
            yield _Place(left, top, left + label.width, top + label.height)
