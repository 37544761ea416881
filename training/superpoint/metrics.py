"""Validation of keypoints: repeatability and pairing, on warps of held-out pictures."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from superglue.superpoint import CELL, Keypoints, KeypointSettings, SuperPoint
from training.augment.camera import Degradation, photograph
from training.augment.warps import WarpRange, draw_warp, inside, warp_points

_SETTINGS: Final = KeypointSettings(threshold=0.005, limit=300)
_REACH: Final = WarpRange()
# Pixels within which two keypoints are one.
_SAME: Final = 3.0


def measure_keypoints(
    net: SuperPoint, pictures: Sequence[NDArray[np.uint8]], device: str = "cpu"
) -> dict[str, float]:
    """Measure on one warp of each picture, the same in every run.

    Returns:
        `repeated`: share of the keypoints in common view that the other picture has within 3 px;
        `paired`: share of mutual nearest descriptors that are right; `recalled`: share of repeated
        keypoints that are paired rightly.
    """
    rng = np.random.default_rng(0)
    counts = np.zeros(5)
    for picture in pictures:
        counts += _counts(net, picture, device, rng)
    seen, repeated, paired, right, possible = counts.tolist()
    return {
        "repeated": repeated / max(seen, 1),
        "paired": right / max(paired, 1),
        "recalled": right / max(possible, 1),
    }


def _counts(
    net: SuperPoint, picture: NDArray[np.uint8], device: str, rng: np.random.Generator
) -> NDArray[np.float64]:
    height, width = (side // CELL * CELL for side in picture.shape[:2])
    warp = draw_warp(width, height, _REACH, rng)
    cut = np.ascontiguousarray(picture[:height, :width])
    warped = np.asarray(cv2.warpPerspective(cut, warp, (width, height)), np.uint8)
    first = _keypoints(net, cut, device)
    second = _keypoints(net, photograph(warped, rng, Degradation(0.4)), device)
    if len(first.points) < 2 or len(second.points) < 2:
        return np.zeros(5)
    moved = warp_points(first.points.numpy(), warp)
    apart = np.linalg.norm(moved[:, None] - second.points.numpy()[None], axis=2)
    visible = inside(moved, width, height)
    repeated = visible & (apart.min(axis=1) <= _SAME)
    alike = (first.descriptors @ second.descriptors.T).numpy()
    best, back = alike.argmax(axis=1), alike.argmax(axis=0)
    rows = np.arange(len(alike))
    mutual = (back[best] == rows) & visible
    right = mutual & (apart[rows, best] <= _SAME)
    return np.array([visible.sum(), repeated.sum(), mutual.sum(), right.sum(), repeated.sum()])


@torch.inference_mode()
def _keypoints(net: SuperPoint, image: NDArray[np.uint8], device: str) -> Keypoints:
    grey = torch.from_numpy(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    found = net.extract(grey[None, None].float().to(device) / 255, _SETTINGS)
    return Keypoints(found.points.cpu(), found.scores.cpu(), found.descriptors.cpu())
