"""Which windows of an aspect may be chosen: the largest, and smaller ones where something asks."""

from typing import Final

import numpy as np

from matcher.crops.thumbnail.aspect import Aspect
from matcher.crops.thumbnail.candidates import (
    SCALES,
    SMALL_SCALES,
    Windows,
    is_cut,
    is_whole,
    largest_window,
    place_windows,
    shares_inside,
)
from matcher.crops.thumbnail.pleasure import FramerSettings, face_weights, with_margin
from matcher.crops.thumbnail.thumbnail import PictureScene

_ALIGNED: Final = 4  # products whose edges windows are aligned to
_LARGEST: Final = SCALES[:1]
_SMALLER: Final = SCALES[1:]
# Without faces: a product at the edge may be left out by coming a little closer.
_SLIGHTLY_SMALLER: Final = SCALES[1:3]


def select_windows(scene: PictureScene, aspect: Aspect, settings: FramerSettings) -> Windows:
    """Return windows, (N, 4), of which none cuts a face that was found unless every one does.

    The largest windows of the aspect; smaller ones where these cut a face, leave one out or cut a
    product. A main face that is larger than any window is centred: a crop beside it, though it
    cuts nothing, would not show the picture.
    """
    if scene.faces:
        main = scene.faces[int(face_weights(scene.faces).argmax())].box
        across, down = largest_window(scene.width, scene.height, aspect.ratio)
        if main.width > across or main.height > down:
            return _cutting(scene, aspect)
        return _sparing_faces(scene, aspect, settings)
    largest = _place(scene, aspect, _LARGEST)
    products = [found.box for found in scene.products]
    if not products or not is_cut(shares_inside(largest, products)).any(axis=1).all():
        return largest
    return np.concatenate([largest, _place(scene, aspect, _SLIGHTLY_SMALLER)])


def _sparing_faces(scene: PictureScene, aspect: Aspect, settings: FramerSettings) -> Windows:
    found, most = np.zeros((0, 4)), -1.0
    for scales in (_LARGEST, _SMALLER, SMALL_SCALES):
        for margin in settings.face_margins:
            windows, keeps = _legal(scene, aspect, scales, margin)
            if keeps > most + 1e-9:
                found, most = np.concatenate([found, windows]), keeps
        if most > 1 - 1e-9 or (scales is _SMALLER and len(found)):
            break
    return found if len(found) else _cutting(scene, aspect)


def _legal(
    scene: PictureScene, aspect: Aspect, scales: tuple[float, ...], margin: float
) -> tuple[Windows, float]:
    """Return the windows that cut no face with a margin, and the largest weight of faces kept."""
    faces = [with_margin(face.box, margin, scene) for face in scene.faces]
    products = [found.box for found in scene.products[:_ALIGNED]]
    size = scene.width, scene.height, aspect.ratio
    windows = place_windows(*size, [*faces, *products], scales)
    shares = shares_inside(windows, faces)
    legal = ~is_cut(shares).any(axis=1)
    keeps = is_whole(shares[legal]) @ face_weights(scene.faces)
    return windows[legal], float(keeps.max(initial=-1.0))


def _cutting(scene: PictureScene, aspect: Aspect) -> Windows:
    """Return the largest windows around the main face, that cut as few of the others as can be."""
    windows = _place(scene, aspect, _LARGEST)
    weights = face_weights(scene.faces)
    main = scene.faces[int(weights.argmax())].box
    wanted = np.array([main.left + main.right, main.top + main.bottom]) / 2
    off = np.abs((windows[:, :2] + windows[:, 2:]) / 2 - wanted).sum(axis=1)
    windows = windows[off <= off.min() + 1]
    cut = is_cut(shares_inside(windows, [face.box for face in scene.faces])) @ weights
    return np.asarray(windows[cut <= cut.min() + 1e-9])


def _place(scene: PictureScene, aspect: Aspect, scales: tuple[float, ...]) -> Windows:
    boxes = [face.box for face in scene.faces]
    boxes += [found.box for found in scene.products[:_ALIGNED]]
    return place_windows(scene.width, scene.height, aspect.ratio, boxes, scales)
