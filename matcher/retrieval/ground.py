"""Plain ground: the one colour at a picture's border, and the pieces that stand out from it."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GroundSettings:
    """Thresholds of telling plain ground from what stands on it."""

    spread: float = 14.0  # units of 8-bit CIELAB around the median of a plain border
    side_share: float = 0.9  # of a side's pixels that lie within it; the product may touch it
    least_share: float = 0.5  # of all border pixels, where no two opposite sides are plain
    different: float = 18.0  # units of 8-bit CIELAB from which a pixel stands out
    closed_share: float = 0.04  # of the shorter side: gaps within a piece
    closed_px: int = 3  # at least
    rim_share: float = 0.02  # of the shorter side that counts as border


GROUND_SETTINGS: Final = GroundSettings()


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One connected region that stands out.

    Attributes:
        outline: (K, 1, 2) int32 contour in pixels.
        area: square pixels within it.
    """

    outline: NDArray[np.int32]
    area: float

    @property
    def box(self) -> Box:
        """The box around it, in pixels."""
        left, top, width, height = cv2.boundingRect(self.outline)
        return Box(left, top, left + width, top + height)


@dataclass(frozen=True, slots=True, eq=False)
class PlainGround:
    """A picture with plain ground.

    Attributes:
        sides: how many of the picture's four sides are of that one colour.
        is_opposite: whether two opposite ones are.
        pieces: what stands out, the largest first.
    """

    sides: int
    is_opposite: bool
    pieces: tuple[Piece, ...]

    @property
    def surrounds(self) -> bool:
        """Whether the ground goes all around."""
        return self.sides == 4


def find_plain_ground(
    image: NDArray[np.uint8], settings: GroundSettings = GROUND_SETTINGS
) -> PlainGround | None:
    """Return the plain ground of an (H, W, 3) RGB picture; None where its border is not plain."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    height, width = lab.shape[:2]
    rim = max(round(settings.rim_share * min(height, width)), 1)
    sides = (lab[:rim], lab[-rim:], lab[:, :rim], lab[:, -rim:])
    borders = [side.reshape(-1, 3) for side in sides]
    colour = _colour(borders, settings)
    if colour is None:
        return None
    plain = [_plain_share(side, colour, settings) >= settings.side_share for side in borders]
    stands_out = (np.linalg.norm(lab - colour, axis=2) > settings.different).astype(np.uint8)
    reach = max(int(settings.closed_share * min(height, width)), settings.closed_px)
    closed = cv2.morphologyEx(stands_out, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    pieces = [Piece(outline.astype(np.int32), cv2.contourArea(outline)) for outline in outlines]
    opposite = (plain[0] and plain[1]) or (plain[2] and plain[3])
    return PlainGround(sum(plain), opposite, tuple(sorted(pieces, key=lambda p: -p.area)))


def draw_pieces(pieces: tuple[Piece, ...], height: int, width: int) -> Mask:
    """Return the (H, W) mask of some pieces, filled."""
    mask = np.zeros((height, width), np.uint8)
    cv2.drawContours(mask, [p.outline for p in pieces], -1, 1, thickness=cv2.FILLED)
    return mask > 0


def _plain_share(
    border: NDArray[np.float32], colour: NDArray[np.float32], settings: GroundSettings
) -> float:
    return float((np.linalg.norm(border - colour, axis=1) < settings.spread).mean())


def _colour(
    borders: list[NDArray[np.float32]], settings: GroundSettings
) -> NDArray[np.float32] | None:
    """Return the colour of the whole border, of two opposite sides, or of most of the border."""
    shares = (settings.side_share, settings.side_share, settings.side_share, settings.least_share)
    for parts, least in zip((borders, borders[2:], borders[:2], borders), shares, strict=True):
        together = np.concatenate(parts)
        colour = np.asarray(np.median(together, axis=0), np.float32)
        if _plain_share(together, colour, settings) >= least:
            return colour
    return None
