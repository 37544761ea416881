"""A picture being composed: cut-outs pasted with their own light, and what of each still shows."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.views import Subject

# Share of a product that must show, and pixels of the shorter side, for its box to be labelled.
VISIBLE: Final = 0.4
SMALLEST: Final = 7.0
# Level, of 255, from which a pixel is the product's.
_OPAQUE: Final = 127


@dataclass(frozen=True, slots=True, eq=False)
class PastePose:
    """How one product is pasted.

    Attributes:
        height: in pixels, before it is turned.
        centre: (2,) x and y in pixels.
        tilt: how far each corner may be off, as a share of the height.
        turn: standard deviation of its angle, in degrees.
        heading: the angle's mean, in degrees clockwise; 0 stands upright.
    """

    height: float
    centre: NDArray[np.float64]
    tilt: float
    turn: float
    heading: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    outline: Box
    area: int


class SceneCanvas:
    """A square picture that products are pasted onto; not thread-safe (random generator)."""

    def __init__(self, place: NDArray[np.uint8], rng: np.random.Generator) -> None:
        """Begin with a (side, side, 3) background."""
        self.image = place.astype(np.float32)
        self.side = len(place)
        self._rng = rng
        self._placed: list[_Placed] = []
        # Numbers, from 1, the product in front per pixel.
        self._owner = np.zeros(place.shape[:2], np.int32)

    def paste(self, product: Subject, pose: PastePose) -> None:
        """Paste one product with its own light and maybe a soft shadow.

        Raises:
            ValueError: the product has no mask.
        """
        mask = _mask(product)
        source, target = self._corners(product, pose)
        full = Box.around(target)
        margin = 0.2 * pose.height
        left, top = max(int(full.left - margin), 0), max(int(full.top - margin), 0)
        right = min(int(full.right + margin) + 1, self.side)
        bottom = min(int(full.bottom + margin) + 1, self.side)
        if right <= left or bottom <= top:
            return
        offset = np.array([left, top])
        local = (target - offset).astype(np.float32)
        homography = cv2.getPerspectiveTransform(source, local).astype(np.float64)
        size = (right - left, bottom - top)
        alpha = np.asarray(cv2.warpPerspective(mask, homography, size), np.uint8)
        seen = cv2.warpPerspective(product.image, homography, size).astype(np.float32)
        window = np.s_[top:bottom, left:right]
        self._cast_shadow(self.image[window], alpha, pose.height)
        share = (alpha.astype(np.float32) / 255)[..., None]
        light = np.exp(self._rng.normal(0, 0.15))
        self.image[window] += (seen * light - self.image[window]) * share
        outline = _hull(mask, homography) + offset
        self._placed.append(_Placed(Box.around(outline), int((alpha > _OPAQUE).sum())))
        self._owner[window][alpha > _OPAQUE] = len(self._placed)

    def visible_boxes(self) -> tuple[Box, ...]:
        """Return boxes of what shows, of products of which enough is inside and not covered.

        A box ends where its product is covered, as people label it: nobody sees what is behind.
        """
        seen = np.bincount(self._owner.ravel(), minlength=len(self._placed) + 1)
        found = []
        for number, placed in enumerate(self._placed, start=1):
            inside = placed.outline.clipped(self.side, self.side)
            inside_share = inside.area / max(placed.outline.area, 1e-6)
            if min(seen[number] / max(placed.area, 1), inside_share) > VISIBLE:
                box = self._extent(number)
                if min(box.width, box.height) >= SMALLEST:
                    found.append(box)
        return tuple(found)

    def _extent(self, number: int) -> Box:
        own = self._owner == number
        columns, rows = np.flatnonzero(own.any(axis=0)), np.flatnonzero(own.any(axis=1))
        return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))

    def _corners(
        self, product: Subject, pose: PastePose
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the (4, 2) corners of the cut-out, and where the pose puts them."""
        rows, columns = product.image.shape[:2]
        corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float64)
        shape = (corners - [columns / 2, rows / 2]) * (pose.height / rows)
        shape = shape + self._rng.uniform(-pose.tilt, pose.tilt, (4, 2)) * pose.height
        angle = np.deg2rad(pose.heading + self._rng.normal(0, pose.turn))
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return corners.astype(np.float32), shape @ rotation.T + pose.centre

    def _cast_shadow(
        self, behind: NDArray[np.float32], alpha: NDArray[np.uint8], height: float
    ) -> None:
        """Darken, in place, the picture behind a product."""
        if self._rng.random() < 0.5:
            return
        dx, dy = self._rng.normal(0, 0.05, 2) * height
        move = np.array([[1, 0, dx], [0, 1, abs(dy)]])
        shadow = cv2.warpAffine(alpha, move, alpha.shape[::-1])
        shadow = cv2.blur(shadow, (max(int(0.08 * height), 1),) * 2).astype(np.float32)
        behind *= 1 - self._rng.uniform(0.15, 0.5) * shadow[..., None] / 255


def _mask(product: Subject) -> NDArray[np.uint8]:
    if product.mask is None:
        raise ValueError("only a cut-out product can be pasted, this one has no mask")
    return product.mask


def _hull(mask: NDArray[np.uint8], homography: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (N, 2) hull of a mask in the scene's pixels."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(contours)).astype(np.float32)
    return cv2.perspectiveTransform(hull, homography)[:, 0].astype(np.float64)
