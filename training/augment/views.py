"""Views of a product as the embedder sees it in use: a detector's box, squeezed to a square.

One perspective map takes the product straight from its source picture to the view.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from training.augment.camera import Degradation, photograph

# How far each side of a detector's box may be off, as a share of the box.
_BOX_JITTER: Final = 0.09
# Pixels of a view before it is shrunk: about twice the largest that is trained on.
_WARP_SIDE: Final = 176
# Paper, grey paper, black and grey card.
_PLAIN: Final = ((255, 255, 255), (255, 255, 255), (242, 242, 240), (0, 0, 0), (128, 128, 128))


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A source picture of one product.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        mask: (H, W) uint8, 255 on the product; None where the picture's own surroundings stay.
        box: the product in the picture.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8] | None
    box: Box


@dataclass(frozen=True, slots=True)
class PoseRange:
    """How far views are turned and cut, in shares of the product's size.

    Attributes:
        tilt: corner displacement, the strength of perspective.
        turn: standard deviation of the rotation in degrees.
        jitter: how far each side of the box may be off.
        window: at least this share of each side is in view; 1 for all of it.
        mirrored: whether it may be seen in a mirror, as nothing with print on it may.
    """

    tilt: float
    turn: float
    jitter: float = _BOX_JITTER
    window: float = 1.0
    mirrored: bool = False


CATALOG_POSE: Final = PoseRange(tilt=0.02, turn=1.5, jitter=0.04)
SHOP_POSE: Final = PoseRange(tilt=0.13, turn=14.0)
PHOTO_POSE: Final = PoseRange(tilt=0.05, turn=8.0)
# A heap of produce has no upright, no left and no size of its own.
PRODUCE_POSE: Final = PoseRange(tilt=0.08, turn=20.0, jitter=0.05, window=0.45, mirrored=True)

CATALOG_DEGRADATION: Final = Degradation(0.3)
SHOP_DEGRADATION: Final = Degradation()
PHOTO_DEGRADATION: Final = Degradation(0.8)
# Lamps colour what has no print of its own: one shop's mushrooms are grey, another's are orange.
PRODUCE_DEGRADATION: Final = Degradation(0.8, tint=0.14)


def draw_view(
    subject: Subject,
    pose: PoseRange,
    side: int,
    rng: np.random.Generator,
    background: NDArray[np.uint8] | None = None,
    degradation: Degradation | None = None,
) -> NDArray[np.uint8]:
    """Draw one view of a product, (side, side, 3) uint8 RGB.

    Args:
        subject: where the product is to be taken from.
        pose: how it may be turned.
        side: pixels.
        rng: source of every random draw.
        background: (H, W, 3) shown where the mask is 0; a plain colour if None.
        degradation: how badly it is photographed; None to leave the picture as it is.
    """
    homography = _into_square(_window(subject.box, pose.window, rng), pose, _WARP_SIDE, rng)
    size = (_WARP_SIDE, _WARP_SIDE)
    seen = cv2.warpPerspective(
        subject.image, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    if subject.mask is not None:
        alpha = cv2.warpPerspective(subject.mask, homography, size)[..., None].astype(np.float32)
        behind = _behind(background, _WARP_SIDE, rng).astype(np.float32)
        seen = (behind + (seen - behind) * (alpha / 255)).astype(np.uint8)
    # Warping does not average: what shrinks a lot would be full of false detail.
    small = cv2.resize(seen, (side, side), interpolation=cv2.INTER_AREA)
    shown: NDArray[np.uint8] = np.asarray(small, np.uint8)
    if background is not None and rng.random() < 0.4:
        shown = _cover(shown, background, rng)
    if pose.mirrored and rng.random() < 0.5:
        shown = np.ascontiguousarray(shown[:, ::-1])
    return photograph(shown, rng, degradation) if degradation else shown


def _window(box: Box, least: float, rng: np.random.Generator) -> Box:
    """Draw a part of the box that has at least that share of each of its sides."""
    width, height = (rng.uniform(least, 1.0) * side for side in (box.width, box.height))
    left = box.left + rng.uniform(0, box.width - width)
    top = box.top + rng.uniform(0, box.height - height)
    return Box(left, top, left + width, top + height)


def _into_square(
    box: Box, pose: PoseRange, side: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw a homography from source to view: turned, tilted, cut as a detector would."""
    width, height = box.width, box.height
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    reach = pose.tilt * np.array([width, height])
    moved = corners + rng.uniform(-1, 1, (4, 2)) * reach
    angle = np.deg2rad(rng.normal(0, pose.turn))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = moved @ turn.T
    seen = Box.around(moved)
    left, top, right, bottom = rng.uniform(-pose.jitter, pose.jitter, 4)
    cut = Box(
        seen.left + left * seen.width,
        seen.top + top * seen.height,
        seen.right + right * seen.width,
        seen.bottom + bottom * seen.height,
    )
    target = (moved - np.array([cut.left, cut.top])) / np.array([cut.width, cut.height]) * side
    source = corners + np.array([box.left, box.top])
    return np.asarray(
        cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    )


def _behind(
    background: NDArray[np.uint8] | None, side: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    if background is None:
        return np.full((side, side, 3), _PLAIN[rng.integers(len(_PLAIN))], np.uint8)
    height, width = background.shape[:2]
    cut = int(rng.uniform(0.3, 1.0) * min(height, width))
    top, left = rng.integers(height - cut + 1), rng.integers(width - cut + 1)
    return np.asarray(cv2.resize(background[top : top + cut, left : left + cut], (side, side)))


def _cover(
    seen: NDArray[np.uint8], background: NDArray[np.uint8], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Lay something else over one edge, as a hand, a neighbour or a price tag would be."""
    side = len(seen)
    mask = np.zeros((side, side), np.uint8)
    edge = rng.uniform(0, 2 * np.pi)
    centre = side / 2 * (1 + rng.uniform(0.8, 1.1) * np.array([np.cos(edge), np.sin(edge)]))
    axes = (int(rng.uniform(0.08, 0.4) * side), int(rng.uniform(0.05, 0.2) * side))
    towards = np.rad2deg(edge) + rng.normal(0, 25)
    cv2.ellipse(mask, centre.astype(int).tolist(), axes, towards, 0, 360, 255, cv2.FILLED)
    stuff = _behind(background, side, rng)
    if rng.random() < 0.5:
        skin = np.array([rng.uniform(150, 225), rng.uniform(105, 170), rng.uniform(80, 140)])
        stuff = np.clip(0.15 * stuff + 0.85 * skin, 0, 255).astype(np.uint8)
    return np.where(mask[..., None] > 0, stuff, seen)
