"""Homographic adaptation: where a keypoint detector agrees with itself over many warps.

As in DeTone et al., "SuperPoint", 2018.
"""

from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from superglue.superpoint import CELL, SuperPoint, keypoint_probabilities, suppress_non_maxima
from training.augment.warps import WarpRange, draw_warp

_REACH: Final = WarpRange(corners=0.15, turn_deg=60, scale=(0.8, 1.4))
# Least probability of a keypoint, pixels within which only the strongest stays, and how many stay.
_LOWEST: Final = 0.015
_RADIUS: Final = 4
_MOST: Final = 400


def adapt_keypoints(
    net: SuperPoint, grey: NDArray[np.uint8], views: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return (N, 2) float32 keypoints of an (H, W) picture, strongest first.

    Args:
        net: in evaluation mode.
        grey: at least one cell large.
        views: warps to average over, beside the picture itself.
        rng: of the warps.
    """
    height, width = (side // CELL * CELL for side in grey.shape)
    cut = np.ascontiguousarray(grey[:height, :width])
    total = _heat(net, cut)
    counted = np.ones_like(total)
    for _ in range(views):
        warp = draw_warp(width, height, _REACH, rng)
        back = np.linalg.inv(warp)
        heat = _heat(net, np.asarray(cv2.warpPerspective(cut, warp, (width, height)), np.uint8))
        total += cv2.warpPerspective(heat, back, (width, height))
        counted += cv2.warpPerspective(np.ones_like(heat), back, (width, height))
    return _peaks(total / counted)


@torch.inference_mode()
def _heat(net: SuperPoint, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    logits, _ = net(torch.from_numpy(grey)[None, None].float() / 255)
    heat: NDArray[np.float32] = keypoint_probabilities(logits)[0].numpy()
    return heat.copy()


def _peaks(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    tensor = torch.from_numpy(np.ascontiguousarray(heat))[None]
    peaks = suppress_non_maxima(tensor, _RADIUS)[0].numpy()
    rows, columns = np.nonzero(peaks > _LOWEST)
    order = np.argsort(-peaks[rows, columns], kind="stable")[:_MOST]
    return np.stack([columns[order], rows[order]], axis=1).astype(np.float32)
