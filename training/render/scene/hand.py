"""A hand that holds a package: modelled as swept balls, lit once, laid behind and before it."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from training.render.paint.arrays import as_float32, as_uint8
from training.render.paint.sprites import noise
from training.render.scene.geometry import Floats, PinholeCamera, Pose
from training.render.scene.raster import Layer, weighted

Random = np.random.Generator
Plane = NDArray[np.float32]

_SCALE = 1300  # pixels per metre of the drawn hand
_LIGHT = np.array([-0.38, -0.62, 0.68])
_BLEND = 0.0035  # metres over which two parts melt together


@dataclass(frozen=True, slots=True)
class _Limb:
    """Balls swept along a bent line: (x, y, z towards the viewer, radius) in metres per joint."""

    joints: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A drawn hand.

    Attributes:
        behind: (h, w, 4) RGBA: all of it, to be laid under the package.
        before: (h, w, 4) RGBA: what reaches over the front.
        shadow: (h, w) strength of the shadow that `before` throws on the package.
        origin: (x, y) metres of the first pixel, from the package's right edge at the grip.
    """

    behind: NDArray[np.uint8]
    before: NDArray[np.uint8]
    shadow: NDArray[np.uint8]
    origin: tuple[float, float]

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in metres."""
        height, width = self.behind.shape[:2]
        return width / _SCALE, height / _SCALE


@dataclass(frozen=True, slots=True)
class HandColours:
    """Colours of a hand and its sleeve."""

    skin: tuple[int, int, int] = (222, 168, 138)
    sleeve: tuple[int, int, int] = (52, 70, 104)


_THUMB = _Limb(
    (
        (-0.054, -0.042, 0.006, 0.0092),
        (-0.045, -0.034, 0.009, 0.0112),
        (-0.027, -0.015, 0.012, 0.0110),
        (-0.008, 0.006, 0.009, 0.0132),
        (0.014, 0.034, 0.001, 0.0195),
        (0.036, 0.070, -0.008, 0.0270),
    )
)
_PALM = (
    _Limb(
        (
            (0.014, -0.036, -0.030, 0.016),
            (0.032, -0.004, -0.026, 0.022),
            (0.050, 0.040, -0.024, 0.029),
            (0.060, 0.090, -0.018, 0.034),
        )
    ),
    _Limb(
        (
            (0.036, 0.070, -0.012, 0.027),
            (0.056, 0.115, -0.014, 0.033),
            (0.070, 0.150, -0.014, 0.031),
            (0.092, 0.215, -0.016, 0.032),
            (0.118, 0.290, -0.016, 0.035),
        )
    ),
)
_KNUCKLES = ((0.018, -0.050), (0.032, -0.028), (0.042, -0.004), (0.048, 0.020))
_FINGERS = tuple(
    _Limb(
        (
            (x + 0.002, y, -0.026, 0.0125),
            (x - 0.012, y - 0.010, -0.030, 0.0108),
            (-0.05, -0.056 + 0.021 * n, -0.045, 0.0095),
        )
    )
    for n, (x, y) in enumerate(_KNUCKLES)
)
_SLEEVE = _Limb(
    ((0.080, 0.185, -0.014, 0.043), (0.130, 0.330, -0.014, 0.049), (0.215, 0.560, -0.014, 0.060))
)
_CUFF = 0.255  # metres along the arm at which the sleeve begins
_BOUNDS = (-0.16, -0.09, 0.30, 0.56)  # left, top, right, bottom of the drawing in metres


def make_hand(width: float, look: HandColours, rng: Random) -> Hand:
    """Draw a right hand for a package of that width in metres; around narrow ones its tips show."""
    tips = _fingertips(width) if width < 0.115 else ()
    whole = _Relief()
    for limb in (*_FINGERS, *_PALM, _THUMB, *tips):
        whole.add(limb)
    cloth = _Relief()
    cloth.add(_SLEEVE)
    cloth.cut_above_cuff()
    front = _Relief()
    for limb in (_THUMB, *tips):
        front.add(limb)
    nails = [(tip.joints[-1][0] + 0.001, tip.joints[-1][1] - 0.001) for tip in tips]
    skin = _skin(whole, look, nails, rng)
    sleeve = _cloth(cloth, look, rng)
    arm = _laid(skin, whole.cover, sleeve, cloth.cover)
    behind = np.dstack([arm, np.maximum(whole.cover, cloth.cover) * 255]).astype(np.uint8)
    before = np.dstack([arm, front.cover * (1 - cloth.cover) * 255]).astype(np.uint8)
    shadow = cv2.GaussianBlur(front.cover, (0, 0), 0.006 * _SCALE) * 150
    return Hand(behind, before, shadow.astype(np.uint8), (_BOUNDS[0], _BOUNDS[1]))


def _fingertips(width: float) -> tuple[_Limb, ...]:
    limbs = []
    for n in range(4):
        y = -0.052 + 0.0193 * n
        reach = 0.020 - 0.004 * abs(n - 1.2)
        limbs.append(
            _Limb(
                (
                    (-width - 0.012, y + 0.001, -0.016, 0.0099),
                    (-width - 0.006, y, 0.000, 0.0099),
                    (-width + reach * 0.5, y - 0.001, 0.005, 0.0096),
                    (-width + reach, y - 0.002, 0.003, 0.0080),
                )
            )
        )
    return tuple(limbs)


class _Relief:
    """Height towards the viewer (metres) and cover of swept balls, melting into each other."""

    def __init__(self) -> None:
        width = round((_BOUNDS[2] - _BOUNDS[0]) * _SCALE)
        height = round((_BOUNDS[3] - _BOUNDS[1]) * _SCALE)
        self._sum = np.zeros((height, width), np.float32)
        self.cover: Plane = np.zeros((height, width), np.float32)

    @property
    def height(self) -> Plane:
        """Metres; meaningless where nothing covers."""
        return as_float32(np.log(np.maximum(self._sum, 1e-20)) * _BLEND)

    def cut_above_cuff(self) -> None:
        """End a sleeve in a straight, slightly bent cuff."""
        along, across = _along_arm((self.cover.shape[0], self.cover.shape[1]))
        edge = along - _CUFF - 1.6 * (across - 0.012) ** 2
        self.cover *= np.clip(edge * _SCALE + 0.5, 0, 1)

    def add(self, limb: _Limb) -> None:
        """Sweep a ball from joint to joint."""
        joints = np.array(limb.joints)
        for first, second in pairwise(joints):
            steps = max(int(np.linalg.norm(second[:3] - first[:3]) / (0.18 * first[3])), 2)
            for share in np.linspace(0, 1, steps, endpoint=False):
                self._ball(first + (second - first) * share, steps)
        self._ball(joints[-1], 4)

    def _ball(self, ball: Floats, density: int) -> None:
        x, y, z, radius = (float(value) for value in ball)
        centre = ((x - _BOUNDS[0]) * _SCALE, (y - _BOUNDS[1]) * _SCALE)
        reach = radius * _SCALE + 2
        left, top = max(int(centre[0] - reach), 0), max(int(centre[1] - reach), 0)
        right, bottom = int(centre[0] + reach) + 2, int(centre[1] + reach) + 2
        place = self._sum[top:bottom, left:right]
        if place.size == 0:
            return
        rows = (np.arange(top, top + place.shape[0], dtype=np.float32) - centre[1])[:, None]
        columns = (np.arange(left, left + place.shape[1], dtype=np.float32) - centre[0])[None]
        squared = (rows * rows + columns * columns) / _SCALE**2
        inside = np.maximum(radius * radius - squared, 0)
        level = z + np.sqrt(inside)
        place += np.where(inside > 0, np.exp(level / _BLEND) / density, 0).astype(np.float32)
        edge = np.clip((radius - np.sqrt(squared)) * _SCALE + 0.5, 0, 1)
        cover = self.cover[top:bottom, left:right]
        np.maximum(cover, edge, out=cover)


def _skin(
    relief: _Relief, look: HandColours, nails: list[tuple[float, float]], rng: Random
) -> NDArray[np.float32]:
    height = relief.height
    height = np.where(relief.cover > 0, height, cv2.erode(height, np.ones((3, 3))))
    shape = (height.shape[0], height.shape[1])
    pores = noise(shape, 3, rng) * 0.00010 + noise(shape, 9, rng) * 0.00012
    wrinkles = _wrinkles(shape)
    facing, rim = _facing(cv2.GaussianBlur(height, (0, 0), 1.6) + pores - wrinkles * 0.0007)
    blotches = noise(shape, 34, rng)
    base = np.asarray(look.skin, np.float32) * (1 + 0.05 * blotches[..., None])
    base[..., 1:] *= 1 - 0.12 * _blush(shape)[..., None]
    wrapped = np.clip((facing + 0.35) / 1.35, 0, 1)
    warm = np.stack([wrapped**0.80, wrapped**1.05, wrapped**1.18], axis=-1)
    colour = base * (0.26 + 0.86 * warm) - 34 * wrinkles[..., None]
    colour += 30 * (np.clip(facing, 0, 1) ** 14)[..., None]
    colour *= (1 - 0.22 * rim**3)[..., None]
    finished = _with_nail(as_float32(colour), facing, (-0.0495, -0.0388), 0.0145, 42)
    for x, y in nails:
        finished = _with_nail(finished, facing, (x, y), 0.0105, 4)
    return finished


def _cloth(relief: _Relief, look: HandColours, rng: Random) -> NDArray[np.float32]:
    height = relief.height
    shape = (height.shape[0], height.shape[1])
    along, across = _along_arm(shape)
    knit = np.sin(across * 2 * np.pi / 0.0042) * np.sin(along * 2 * np.pi / 0.0036)
    folds = noise(shape, 42, rng) * 0.004 * np.clip((along - 0.30) / 0.06, 0, 1)
    hem = along - _CUFF - 1.6 * (across - 0.012) ** 2
    cuff = np.exp(-(((hem - 0.026) / 0.0022) ** 2)) + 0.6 * np.exp(-((hem / 0.003) ** 2))
    ribs = np.where(hem < 0.026, np.sin(across * 2 * np.pi / 0.0055) * 0.0009, 0).astype(np.float32)
    facing, rim = _facing(cv2.GaussianBlur(height, (0, 0), 2.0) + knit * 0.0003 + folds + ribs)
    base = np.asarray(look.sleeve, np.float32) * (1 + 0.10 * knit[..., None])
    lit = base * (0.34 + 0.85 * np.clip(facing, 0, 1))[..., None] * (1 - 0.35 * cuff)[..., None]
    shaded: NDArray[np.float32] = (lit * (1 - 0.4 * rim**3)[..., None]).astype(np.float32)
    return shaded


def _laid(
    skin: NDArray[np.float32], skin_cover: Plane, cloth: NDArray[np.float32], cloth_cover: Plane
) -> NDArray[np.float32]:
    """Cloth over skin, dark where the cuff shades the wrist; coloured beyond the shape."""
    dark = 1 - 0.55 * cv2.GaussianBlur(cloth_cover, (0, 0), 0.008 * _SCALE)[..., None]
    share = cloth_cover[..., None]
    colour = skin * dark * (1 - share) + cloth * share
    covered = np.maximum(skin_cover, cloth_cover) > 0.4
    spread = cv2.dilate(np.where(covered[..., None], colour, 0).astype(np.float32), np.ones((5, 5)))
    laid: NDArray[np.float32] = np.clip(np.where(covered[..., None], colour, spread), 0, 255)
    return laid


def _facing(height: Plane) -> tuple[Plane, Plane]:
    dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=_SCALE / 8)
    dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=_SCALE / 8)
    length = np.sqrt(dx * dx + dy * dy + 1)
    facing = (-dx * _LIGHT[0] - dy * _LIGHT[1] + _LIGHT[2]) / length
    rim = 1 - 1 / length
    return facing.astype(np.float32), rim.astype(np.float32)


def _along_arm(shape: tuple[int, int]) -> tuple[Plane, Plane]:
    """Metres along the forearm and across it, for every pixel."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / _SCALE
    along = (x + _BOUNDS[0]) * 0.34 + (y + _BOUNDS[1]) * 0.94
    across = (x + _BOUNDS[0]) * 0.94 - (y + _BOUNDS[1]) * 0.34
    return along, across


def _pixel(x: float, y: float) -> tuple[int, int]:
    return round((x - _BOUNDS[0]) * _SCALE), round((y - _BOUNDS[1]) * _SCALE)


def _wrinkles(shape: tuple[int, int]) -> Plane:
    lines = np.zeros(shape, np.float32)
    for share in (0.36, 0.40, 0.44, 0.63, 0.66):
        x, y = -0.044 + 0.05 * share, -0.033 + 0.056 * share
        start, end = _pixel(x - 0.0052, y + 0.0044), _pixel(x + 0.0056, y - 0.0048)
        cv2.line(lines, start, end, 1.0, 1, cv2.LINE_AA)
    return as_float32(cv2.GaussianBlur(lines, (0, 0), 0.9))


def _blush(shape: tuple[int, int]) -> Plane:
    spots = np.zeros(shape, np.float32)
    for x, y, radius in ((-0.046, -0.036, 0.011), (-0.024, -0.012, 0.010), (0.016, 0.034, 0.013)):
        cv2.circle(spots, _pixel(x, y), round(radius * _SCALE), 1.0, -1)
    return as_float32(cv2.GaussianBlur(spots, (0, 0), 8))


def _with_nail(
    colour: NDArray[np.float32], facing: Plane, at: tuple[float, float], size: float, angle: float
) -> NDArray[np.float32]:
    """A nail at (x, y) metres, `size` long, turned by degrees."""
    mask, rim, glint = (np.zeros(facing.shape, np.float32) for _ in range(3))
    axes = (round(size / 2 * _SCALE), round(size * 0.38 * _SCALE))
    cv2.ellipse(mask, _pixel(*at), axes, angle, 0, 360, 1.0, -1, cv2.LINE_AA)
    cv2.ellipse(rim, _pixel(*at), axes, angle, 0, 360, 1.0, 1, cv2.LINE_AA)
    above = (at[0] - 0.0012, at[1] - 0.0024)
    cv2.ellipse(glint, _pixel(*above), (axes[0] // 2, 2), angle, 0, 360, 1.0, -1, cv2.LINE_AA)
    glint = as_float32(cv2.GaussianBlur(glint, (0, 0), 1.3))
    nail = np.array((236, 188, 172), np.float32) * (0.45 + 0.62 * np.clip(facing, 0, 1))[..., None]
    nail = nail + 60 * glint[..., None]
    soft = cv2.GaussianBlur(mask, (0, 0), 0.8)[..., None]
    return as_float32(colour * (1 - soft) + nail * soft - 38 * rim[..., None])


def draw_flat(picture: NDArray[np.uint8], corners: Floats, camera: PinholeCamera) -> Layer | None:
    """Return an (h, w, 4) picture on a rectangle in the world (4, 3), as a layer."""
    height, width = picture.shape[:2]
    target = camera.project(corners)
    low = np.maximum(np.floor(target.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 1, [camera.width, camera.height])
    if (high - low < 2).any():
        return None
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (target - low).astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    warped = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_LINEAR)
    alpha = as_uint8(cv2.extractChannel(warped, 3))
    colour = weighted(as_uint8(cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB)), alpha)
    return Layer(colour, alpha, int(low[0]), int(low[1]))


def hand_corners(hand: Hand, pose: Pose, right: float, grip: float, depth: float) -> Floats:
    """Return where a hand's drawing lies in the world.

    Args:
        hand: which.
        pose: of the package.
        right: x of the package's right edge in its own axes.
        grip: y of the grip.
        depth: z of the plane the drawing lies in.
    """
    width, height = hand.size
    left, top = right + hand.origin[0], grip + hand.origin[1]
    corners = np.array(
        [
            [left, top, depth],
            [left + width, top, depth],
            [left + width, top + height, depth],
            [left, top + height, depth],
        ]
    )
    return pose.apply(corners)
