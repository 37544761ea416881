"""Frames a picture: windows of the aspect, those that cut no face, the most pleasant of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import (
    SCALES,
    SMALL_SCALES,
    Windows,
    is_cut,
    is_whole,
    place_windows,
    shares_inside,
)
from matcher.crops.thumbnail.faces import FaceFinder, FoundFace
from matcher.crops.thumbnail.feature_map import FeatureNetwork
from matcher.crops.thumbnail.ranker import FramingRanker, sum_windows
from matcher.crops.thumbnail.reasons import Kept, explain
from matcher.crops.thumbnail.saliency import feature_saliency, plain_saliency
from matcher.crops.thumbnail.thumbnail import FramedCrop, PictureScene, Thumbnail
from matcher.detection.detector import Detector
from matcher.imaging.box import Box
from matcher.results import Detection

_ALTERNATIVES: Final = 4  # more are not looked at
_DIFFERENT: Final = 0.8  # intersection over union from which two crops look the same
_RANKED: Final = 160  # windows, the best by all else, that the ranker judges
_ALIGNED: Final = 4  # products whose edges windows are aligned to
_NEAR_SHARE: Final = 0.12  # of a side: as far from the middle, things look off it

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FramerSettings:
    """How what speaks for a window is weighed, and what is left clear of its edges.

    Attributes:
        face_margins: shares of a face's sides kept clear around it: hair and chin; the first
            that some window allows is used.
        product_confidence: lowest of a detection that is kept whole.
        product_margin: share of a product's sides kept clear around it.
        most_products: that are minded.
        rank: weight of the ranker's score, in standard deviations over the windows.
        saliency: weight of the share of saliency inside.
        size: taken off for the share of the largest window's area: of two windows that keep as
            much, the closer one is nicer.
        face: for the share of faces inside.
        product: for the share of products inside.
        cut: taken off for each product that is cut, as a share of all.
        balance: for what draws the eye being in the middle or on a third.
    """

    face_margins: tuple[float, ...] = (0.25, 0.1, 0.0)
    product_confidence: float = 0.3
    product_margin: float = 0.05
    most_products: int = 10
    rank: float = 0.06
    saliency: float = 1.0
    size: float = 0.25
    face: float = 1.5
    product: float = 0.8
    cut: float = 0.5
    balance: float = 0.1


class ThumbnailFramer:
    """Finds the most pleasant crops; every part but saliency may be missing."""

    def __init__(
        self,
        faces: FaceFinder | None = None,
        detector: Detector | None = None,
        network: FeatureNetwork | None = None,
        ranker: FramingRanker | None = None,
        settings: FramerSettings | None = None,
    ) -> None:
        """Take what looks at pictures; the ranker needs the network."""
        self._faces, self._detector = faces, detector
        self._network, self._ranker = network, ranker
        self.settings = settings or FramerSettings()

    def look(self, image: NDArray[np.uint8]) -> PictureScene:
        """Return what is in an (H, W, 3) RGB picture; blocks."""
        height, width = image.shape[:2]
        features, saliency = None, None
        if self._network is not None and self._ranker is not None:
            features = self._network.look(image)
            saliency = feature_saliency(self._ranker.normalised(features))
        return PictureScene(
            width,
            height,
            plain_saliency(image) if saliency is None else saliency,
            self._faces.find(image) if self._faces else (),
            self._products(image),
            features,
        )

    def frame(self, scene: PictureScene, aspect: Aspect) -> Thumbnail:
        """Return the best crop of an aspect, and others that differ."""
        windows = self._windows(scene, aspect)
        scores = self._pleasure(scene, windows)
        best = np.argsort(-scores, kind="stable")[:_RANKED]
        windows, scores = windows[best], scores[best] + self._ranked(scene, windows[best])
        crops: list[FramedCrop] = []
        for index in np.argsort(-scores, kind="stable").tolist():
            box = Box(*windows[index].tolist())
            if all(box.iou(crop.box) < _DIFFERENT for crop in crops):
                crops.append(_explained(scene, box, float(scores[index])))
            if len(crops) > _ALTERNATIVES:
                break
        return Thumbnail(aspect, crops[0], tuple(crops[1:]))

    def _windows(self, scene: PictureScene, aspect: Aspect) -> Windows:
        """Return the windows that cut no face and can keep most of them, or all if all cut one."""
        products = [found.box for found in scene.products[:_ALIGNED]]
        size = scene.width, scene.height, aspect.ratio
        if not scene.faces:
            return place_windows(*size, products, SCALES)
        weights = _face_weights(scene.faces)
        best, most = None, -1.0
        for scales in (SCALES, SMALL_SCALES):
            for margin in self.settings.face_margins:
                faces = [_with_margin(face.box, margin, scene) for face in scene.faces]
                windows = place_windows(*size, [*faces, *products], scales)
                shares = shares_inside(windows, faces)
                legal = ~is_cut(shares).any(axis=1)
                keeps = float((is_whole(shares[legal]) @ weights).max(initial=-1.0))
                if keeps > most:
                    best, most = windows[legal], keeps
            if best is not None:
                return best
        faces = [face.box for face in scene.faces]
        windows = place_windows(*size, [*faces, *products], SCALES)
        cut = is_cut(shares_inside(windows, faces)) @ weights
        return np.asarray(windows[cut <= cut.min() + 1e-9])

    def _pleasure(self, scene: PictureScene, windows: Windows) -> Scores:
        """Return how pleasant windows are by all but the ranker; higher is better."""
        settings = self.settings
        saliency, middles = _weigh(scene, windows)
        areas = (windows[:, 2:] - windows[:, :2]).prod(axis=1)
        off = np.abs(middles - 0.5).max(axis=1) / _NEAR_SHARE
        scores = settings.saliency * saliency - settings.size * areas / areas.max()
        scores += settings.balance * np.exp(-0.5 * off**2)
        if scene.faces:
            shares = shares_inside(windows, [face.box for face in scene.faces])
            scores += settings.face * (is_whole(shares) @ _face_weights(scene.faces))
        if scene.products:
            boxes = [
                _with_margin(found.box, settings.product_margin, scene) for found in scene.products
            ]
            shares = shares_inside(windows, boxes)
            weights = _product_weights(scene.products)
            scores += settings.product * (is_whole(shares) @ weights)
            scores -= settings.cut * (is_cut(shares) @ weights)
        return np.asarray(scores)

    def _ranked(self, scene: PictureScene, windows: Windows) -> Scores:
        """Return what the ranker adds; nothing where it is missing or all windows are alike."""
        if self._ranker is None or scene.features is None or len(windows) == 1:
            return np.zeros(len(windows))
        scores = self._ranker.score(scene.features, windows).astype(np.float64)
        return np.asarray(self.settings.rank * (scores - scores.mean()) / max(scores.std(), 1e-9))

    def _products(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        if self._detector is None:
            return ()
        settings = self.settings
        found = self._detector.detect(image)
        sure = [thing for thing in found if thing.confidence >= settings.product_confidence]
        return tuple(sure[: settings.most_products])


def _weigh(scene: PictureScene, windows: Windows) -> tuple[Scores, Scores]:
    """Return the share of saliency inside each window, and its middle in shares of the window."""
    rows, columns = scene.saliency.shape
    scale = np.array([columns / scene.width, rows / scene.height])
    placed = windows * np.tile(scale, 2)
    y, x = np.mgrid[:rows, :columns].astype(np.float32) + np.float32(0.5)
    inside = sum_windows(scene.saliency, placed)
    sums = [sum_windows(scene.saliency * axis, placed) for axis in (x, y)]
    middles = np.stack(sums, axis=1) / np.maximum(inside, 1e-12)[:, None]
    return inside, (middles - placed[:, :2]) / np.maximum(placed[:, 2:] - placed[:, :2], 1e-9)


def _face_weights(faces: Sequence[FoundFace]) -> Scores:
    """Return how much each face counts: larger and surer ones more; they sum to 1."""
    sides = np.array([face.confidence * np.sqrt(face.box.area) for face in faces])
    return np.asarray(sides / sides.sum())


def _product_weights(products: Sequence[Detection]) -> Scores:
    """Return how much each product counts: larger and surer ones more; they sum to 1."""
    sides = np.array([found.confidence * np.sqrt(found.box.area) for found in products])
    return np.asarray(sides / sides.sum())


def _with_margin(box: Box, margin: float, scene: PictureScene) -> Box:
    return box.padded(margin).clipped(scene.width, scene.height)


def _explained(scene: PictureScene, box: Box, score: float) -> FramedCrop:
    window = np.array([[box.left, box.top, box.right, box.bottom]])
    saliency, middles = _weigh(scene, window)
    faces = shares_inside(window, [face.box for face in scene.faces])
    products = shares_inside(window, [found.box for found in scene.products])
    cut = int(is_cut(faces).sum())
    kept = Kept(
        whole_faces=int(is_whole(faces).sum()),
        cut_faces=cut,
        left_out_faces=len(scene.faces) - cut - int(is_whole(faces).sum()),
        whole_products=int(is_whole(products).sum()),
        saliency=float(saliency[0]),
        middle=(float(middles[0, 0]), float(middles[0, 1])),
        area=box.area / (scene.width * scene.height),
    )
    return FramedCrop(box, score, explain(kept), cut > 0)
