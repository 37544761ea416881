"""Frames a picture: windows of the aspect, those that cut no face, the most pleasant of them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import (
    Windows,
    is_cut,
    is_whole,
    largest_window,
    shares_inside,
)
from matcher.crops.thumbnail.faces import FaceFinder
from matcher.crops.thumbnail.feature_map import FeatureNetwork
from matcher.crops.thumbnail.pleasure import (
    FramerSettings,
    Scores,
    weigh_saliency,
    weigh_windows,
)
from matcher.crops.thumbnail.ranker import FramingRanker
from matcher.crops.thumbnail.reasons import Kept, explain
from matcher.crops.thumbnail.saliency import even_saliency, feature_saliency, plain_saliency
from matcher.crops.thumbnail.selection import select_windows
from matcher.crops.thumbnail.thumbnail import FramedCrop, PictureScene, Thumbnail
from matcher.detection.detector import Detector, suppress_overlaps
from matcher.imaging.box import Box
from matcher.imaging.resize import reduced
from matcher.results import Detection

_ALTERNATIVES: Final = 4  # more are not looked at
_DIFFERENT: Final = 0.8  # intersection over union from which two crops look the same
_RANKED: Final = 160  # windows, the best by all else, that the ranker judges
_LOOKED_AT_PX: Final = 32  # side at which a picture is looked at for whether anything is in it
_PLAIN: Final = 6  # of 255 between its darkest and brightest: noise and vignettes have more


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
        if _is_plain(image):
            return PictureScene(width, height, even_saliency(width, height), is_empty=True)
        features, saliency = None, None
        if self._network is not None and self._ranker is not None:
            seen = self._network.look(image)
            saliency = feature_saliency(self._ranker.normalised(seen))
            features = self._ranker.project(seen)
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
        windows = select_windows(scene, aspect, self.settings)
        scores = weigh_windows(scene, windows, self.settings)
        best = np.argsort(-scores, kind="stable")[:_RANKED]
        windows, scores = windows[best], scores[best] + self._ranked(scene, windows[best])
        chosen = suppress_overlaps(windows, scores, _DIFFERENT, 1 + _ALTERNATIVES)
        crops = _explained(scene, aspect, windows[chosen], scores[chosen])
        return Thumbnail(aspect, crops[0], crops[1:])

    def _ranked(self, scene: PictureScene, windows: Windows) -> Scores:
        """Return what the ranker adds; nothing where it is missing or all windows are alike."""
        if self._ranker is None or scene.features is None or len(windows) == 1:
            return np.zeros(len(windows))
        scores = self._ranker.rank(scene.features, windows).astype(np.float64)
        return np.asarray(self.settings.rank * (scores - scores.mean()) / max(scores.std(), 1e-9))

    def _products(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        if self._detector is None:
            return ()
        settings = self.settings
        found = self._detector.detect(image)
        sure = [thing for thing in found if thing.confidence >= settings.product_confidence]
        return tuple(sure[: settings.most_products])


def _is_plain(image: NDArray[np.uint8]) -> bool:
    """Return whether a picture is one colour."""
    height, width = image.shape[:2]
    small = reduced(image, min(width, _LOOKED_AT_PX), min(height, _LOOKED_AT_PX))
    return int(np.ptp(small, axis=(0, 1)).max()) < _PLAIN


def _explained(
    scene: PictureScene, aspect: Aspect, windows: Windows, scores: Scores
) -> tuple[FramedCrop, ...]:
    """Return crops and why they are so; all at once, because few take as long as one."""
    saliency, middles = weigh_saliency(scene, windows)
    faces = shares_inside(windows, [face.box for face in scene.faces])
    products = shares_inside(windows, [found.box for found in scene.products])
    largest, _ = largest_window(scene.width, scene.height, aspect.ratio)
    crops = []
    for at, (window, score) in enumerate(zip(windows.tolist(), scores.tolist(), strict=True)):
        box = Box(*window)
        whole, cut = int(is_whole(faces[at]).sum()), int(is_cut(faces[at]).sum())
        kept = Kept(
            whole_faces=whole,
            cut_faces=cut,
            left_out_faces=len(scene.faces) - whole - cut,
            whole_products=int(is_whole(products[at]).sum()),
            saliency=float(saliency[at]),
            middle=(float(middles[at, 0]), float(middles[at, 1])),
            area=box.area / (scene.width * scene.height),
            is_empty=scene.is_empty,
            is_largest=box.width >= largest - 1,
        )
        cuts_a_product = bool(is_cut(products[at]).any())
        crops.append(FramedCrop(box, score, explain(kept), cut > 0, cuts_a_product))
    return tuple(crops)
