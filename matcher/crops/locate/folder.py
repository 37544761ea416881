"""One crop against many pictures: their keypoints are kept, the likeliest are looked at closely."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.crops.locate.features import CropKeypoints, find_keypoints, pair_keypoints
from matcher.crops.locate.geometry import PixelSize
from matcher.crops.locate.hypotheses import find_hypotheses

KEPT_KEYPOINTS: Final = 600  # of a picture: 80 KB
CROP_KEYPOINTS: Final = 400  # of the crop that is looked for
_MOST_FILES: Final = 20_000  # of the cache: 1.6 GB
_STEPS: Final = 400.0  # per unit of a descriptor's component, of which few exceed 0.6
_FEW_KEYPOINTS: Final = 160  # of the crop, by which the pictures are ordered first
_PAIRED: Final = 120  # pictures, the first of that order, whose keypoints are all paired
_TRIED: Final = 20  # pictures whose pairs are asked for a common placement
_CLEAR: Final = 40.0  # pairs on one placement that no stranger reaches
_FAR_BEHIND: Final = 0.15  # of such a first one's score: a copy of it would have more
_DAMAGE: Final = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


class KeypointCache:
    """Keypoints of picture files in a folder, found anew when a file changes."""

    def __init__(self, folder: Path) -> None:
        """Keep keypoints in this folder, which is made when needed and may be deleted."""
        self._folder = folder

    def keypoints(self, path: Path, read: Callable[[Path], NDArray[np.uint8]]) -> CropKeypoints:
        """Keypoints of a picture file.

        Args:
            path: of the picture.
            read: decodes it, if its keypoints are not kept; what it raises passes.
        """
        status = path.stat()
        name = f"{path.resolve()}\n{status.st_mtime_ns}\n{status.st_size}\n{KEPT_KEYPOINTS}"
        kept = self._folder / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:40]}.npz"
        try:
            return _read_kept(kept)
        except _DAMAGE:
            found = find_keypoints(read(path), KEPT_KEYPOINTS)
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(".part.npz")
        np.savez(
            draft,
            points=found.points,
            scales=found.scales,
            angles=found.angles,
            descriptors=np.clip(np.rint(found.descriptors * _STEPS), 0, 255).astype(np.uint8),
            about=np.array([found.size.width, found.size.height, found.factor]),
        )
        draft.replace(kept)
        return _read_kept(kept)  # rounded, as every later time

    def trim(self) -> None:
        """Delete the oldest files where there are too many."""
        files = sorted(self._folder.glob("*.npz"), key=lambda file: file.stat().st_mtime)
        for file in files[: max(0, len(files) - _MOST_FILES)]:
            file.unlink(missing_ok=True)


def rank_pictures(crop: CropKeypoints, pictures: Sequence[CropKeypoints], most: int) -> list[int]:
    """Indices of the pictures that are worth a close look, the likeliest first.

    Args:
        crop: that is looked for.
        pictures: in which it may lie.
        most: indices at most; fewer where the first shares clearly more with it than the rest.
    """
    # The first keypoints are the strongest of every part of the crop.
    few = crop.select(np.arange(min(_FEW_KEYPOINTS, len(crop))))
    roughly = [float(pair_keypoints(few, picture).quality.sum()) for picture in pictures]
    order = np.argsort(-np.array(roughly), kind="stable")
    scores = np.array(roughly) * 0.001  # decides between those on which no pairs agree
    pairs = {int(index): pair_keypoints(crop, pictures[index]) for index in order[:_PAIRED]}
    for index, found in pairs.items():
        scores[index] = 1.0 + float(found.quality.sum()) * 0.01
    for index in np.argsort(-scores, kind="stable")[: min(_TRIED, len(pairs))].tolist():
        for hypothesis in find_hypotheses(pairs[index], most=1):
            scores[index] += hypothesis.inliers
    ranked = np.argsort(-scores, kind="stable")[:most]
    if len(ranked) and scores[ranked[0]] >= _CLEAR:
        ranked = ranked[scores[ranked] >= _FAR_BEHIND * scores[ranked[0]]]
    return [int(index) for index in ranked]


def _read_kept(path: Path) -> CropKeypoints:
    with np.load(path, allow_pickle=False) as arrays:
        raw = arrays["descriptors"].astype(np.float32)
        width, height, factor = arrays["about"].tolist()
        length = np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-6)
        return CropKeypoints(
            arrays["points"],
            arrays["scales"],
            arrays["angles"],
            np.asarray(raw / length, np.float32),
            PixelSize(int(width), int(height)),
            float(factor),
        )
