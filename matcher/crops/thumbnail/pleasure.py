"""How pleasant windows of a picture are, by all but the ranker."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.candidates import Windows, is_cut, is_whole, shares_inside
from matcher.crops.thumbnail.faces import FoundFace
from matcher.crops.thumbnail.ranker import sum_windows
from matcher.crops.thumbnail.thumbnail import PictureScene
from matcher.imaging.box import Box

_NEAR_SHARE: Final = 0.12  # of a side: as far from the middle, things look off it
_BAND_SHARE: Final = 0.04  # of a window's side: what lies so near to an edge is cut by it
_PORTRAYED_SHARE: Final = 0.08  # of the picture's shorter side: from there a face is its subject
_LEAST_CERTAINTY: Final = 0.1  # of a detection that is kept at all
_PRIOR_SHARE: Final = 0.35  # of a side: standard deviation of where products are meant

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FramerSettings:
    """How what speaks for a window is weighed, and what is left clear of its edges.

    Attributes:
        face_margins: shares of a face's sides kept clear around it: hair and chin; the first
            that some window allows is used.
        product_confidence: lowest of a detection that is kept whole.
        certain_product: confidence from which a detection counts in full.
        product_margin: share of a product's sides kept clear around it.
        most_products: that are minded.
        rank: weight of the ranker's score, in standard deviations over the windows.
        saliency: weight of the share of saliency inside.
        edge: taken off for the share of saliency that edges go through.
        shrunk: taken off for the share of the largest window's sides that is given up: the largest
            is the best unless something speaks against it.
        moved: taken off for the way from the picture's middle, in sides of the picture.
        face: for the share of faces inside.
        product: for the share of products inside.
        cut: taken off for each product that is cut, as a share of all.
        balance: for what draws the eye being in the middle or on a third.
    """

    face_margins: tuple[float, ...] = (0.25, 0.1, 0.0)
    product_confidence: float = 0.3
    certain_product: float = 0.6
    product_margin: float = 0.02
    most_products: int = 10
    rank: float = 0.03
    saliency: float = 1.0
    edge: float = 1.0
    shrunk: float = 1.0
    moved: float = 0.5
    face: float = 1.5
    product: float = 0.8
    cut: float = 0.5
    balance: float = 0.1


def weigh_windows(scene: PictureScene, windows: Windows, settings: FramerSettings) -> Scores:
    """Return how pleasant (N, 4) windows are by all but the ranker; higher is better."""
    inside, middles = weigh_saliency(scene, windows)
    sides = windows[:, 2:] - windows[:, :2]
    off = np.abs(middles - 0.5).max(axis=1) / _NEAR_SHARE
    away = (windows[:, :2] + windows[:, 2:]) / 2 / (scene.width, scene.height) - 0.5
    scores = settings.saliency * inside + settings.balance * np.exp(-0.5 * off**2)
    scores -= settings.edge * _weigh_edges(scene, windows)
    scores -= settings.shrunk * (1 - sides[:, 0] / sides[:, 0].max())
    scores -= settings.moved * np.abs(away).max(axis=1)
    if scene.faces:
        shares = shares_inside(windows, [face.box for face in scene.faces])
        scores += settings.face * _say(scene) * (is_whole(shares) @ face_weights(scene.faces))
    if scene.products:
        boxes = [with_margin(found.box, settings.product_margin, scene) for found in scene.products]
        shares = shares_inside(windows, boxes)
        weights = _product_weights(scene, settings)
        scores += settings.product * (is_whole(shares) @ weights)
        scores -= settings.cut * (is_cut(shares) @ weights)
    return np.asarray(scores)


def weigh_saliency(scene: PictureScene, windows: Windows) -> tuple[Scores, Scores]:
    """Return the share of saliency inside each window, and its middle in shares of the window."""
    placed = windows * _places_per_pixel(scene)
    rows, columns = scene.saliency.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float32) + np.float32(0.5)
    moments = np.stack([scene.saliency, scene.saliency * x, scene.saliency * y], axis=2)
    sums = sum_windows(moments, placed)
    middles = sums[:, 1:] / np.maximum(sums[:, :1], 1e-12)
    sides = np.maximum(placed[:, 2:] - placed[:, :2], 1e-9)
    return sums[:, 0], (middles - placed[:, :2]) / sides


def face_weights(faces: Sequence[FoundFace]) -> Scores:
    """Return how much each face counts: larger and surer ones more; they sum to 1."""
    sides = np.array([face.confidence * np.sqrt(face.box.area) for face in faces])
    return np.asarray(sides / sides.sum())


def with_margin(box: Box, margin: float, scene: PictureScene) -> Box:
    """Return a box grown by a share of its sides, inside the picture."""
    return box.padded(margin).clipped(scene.width, scene.height)


def _say(scene: PictureScene) -> float:
    """Return how much all faces count beside the rest, in [0, 1]: tiny ones are bystanders."""
    side = max(np.sqrt(face.box.area) for face in scene.faces) / min(scene.width, scene.height)
    return float(min(side / _PORTRAYED_SHARE, 1.0))


def _product_weights(scene: PictureScene, settings: FramerSettings) -> Scores:
    """Return how much each product counts; they sum to how sure the surest is, in [0, 1].

    Larger, surer ones and those in the middle count more, those at the picture's own edge less.
    """
    certain = np.array(
        [
            min(
                (found.confidence - settings.product_confidence)
                / (settings.certain_product - settings.product_confidence),
                1.0,
            )
            for found in scene.products
        ]
    ).clip(_LEAST_CERTAINTY)
    boxes = [found.box for found in scene.products]
    middles = np.array([[box.left + box.right, box.top + box.bottom] for box in boxes]) / 2
    off = middles / (scene.width, scene.height) - 0.5
    prior = np.exp(-0.5 * (off / _PRIOR_SHARE) ** 2).prod(axis=1)
    weights = np.sqrt([max(box.area, 1.0) for box in boxes]) * certain * prior
    return np.asarray(weights / weights.sum() * (certain * prior).max())


def _weigh_edges(scene: PictureScene, windows: Windows) -> Scores:
    """Return the share of saliency in bands along the edges that are not the picture's own."""
    band = _BAND_SHARE * (windows[:, 2:] - windows[:, :2])
    limits = np.array([scene.width, scene.height], np.float64)
    total = np.zeros(len(windows))
    for axis in (0, 1):
        for at, is_inner in (
            (windows[:, axis], windows[:, axis] >= 1),
            (windows[:, axis + 2], windows[:, axis + 2] <= limits[axis] - 1),
        ):
            bands = windows.copy()
            bands[:, axis], bands[:, axis + 2] = at - band[:, axis], at + band[:, axis]
            total += is_inner * sum_windows(scene.saliency, bands * _places_per_pixel(scene))
    return total


def _places_per_pixel(scene: PictureScene) -> Scores:
    rows, columns = scene.saliency.shape
    return np.array([columns / scene.width, rows / scene.height] * 2)
