"""Figures of the proposer on pictures that were kept."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from matcher.crops.propose.proposer import CropProposer
from training.data.sources import LabelledFile, read_rgb

_PHONE_SIDE: Final = 480  # pixels of the longer side of the picture that a phone sends


def measure_proposals(proposer: CropProposer, pictures: Sequence[LabelledFile]) -> dict[str, float]:
    """Return how well the first proposal covers what is labelled, in pictures with labels.

    Of several labels in a picture, the one that is covered best counts.
    """
    covered = []
    for labelled in pictures:
        if not labelled.boxes:
            continue
        image = read_rgb(labelled.path, _PHONE_SIDE)
        scale = max(image.shape[:2]) / labelled.longest
        best = proposer.propose(image, limit=1)[0].box
        covered.append(max(best.iou(box.scaled(scale)) for box in labelled.boxes))
    return {
        "kept_art_iou50": float(np.mean(np.array(covered) >= 0.5)),
        "kept_art_median_iou": float(np.median(covered)),
    }
