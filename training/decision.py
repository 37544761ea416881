"""The decision's calibration, from photos of cartons that may be trained on.

Each photo is asked twice: with its product in the catalog, and as if the catalog lacked it, which
leaves its twins and is the hardest unknown there is. Produce photos are the easy unknowns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.calibration import LabelledContest, fit, main_contest, without
from matcher.decision import DecisionWeights
from matcher.verifier import Contest
from training.data import TrainingData, read_rgb

# What hard unknowns count: one photo in twenty shows a twin of something in the catalog.
_TWIN_SHARE: Final = 0.05
_LONGEST: Final = 1280

Find = Callable[[NDArray[np.uint8]], Sequence[Contest]]
OnPhoto = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class DecisionOptions:
    """How many photos to use.

    Attributes:
        photos: at most, of each carton.
        unknown: at most, of produce in all.
    """

    photos: int = 12
    unknown: int = 80


def calibration_catalog(data: TrainingData) -> dict[str, NDArray[np.uint8]]:
    """The iconic picture of each carton that may be trained on, (H, W, 3) RGB, by product."""
    return {product: read_rgb(data.iconic(product), _LONGEST) for product in _cartons(data)}


def train_decision(
    data: TrainingData, find: Find, options: DecisionOptions, on_photo: OnPhoto
) -> DecisionWeights:
    """Fit the decision to what competes in photos of known and of unknown products.

    Args:
        data: the data folder.
        find: contests in an (H, W, 3) RGB photo, over the products of `calibration_catalog`.
        options: how many photos.
        on_photo: told how many of how many are done.
    """
    cartons = _cartons(data)
    photos = [(path, one) for one in cartons for path in data.photos(one)[: options.photos]]
    produce = [
        path
        for product in data.products()
        if product not in cartons
        for path in data.photos(product)[:2]
    ]
    asked = [*photos, *((path, None) for path in produce[: options.unknown])]
    labelled: list[LabelledContest] = []
    for done, (path, product) in enumerate(asked, start=1):
        labelled += _labelled(find(read_rgb(path, _LONGEST)), product)
        on_photo(done, len(asked))
    return fit(labelled)


def _cartons(data: TrainingData) -> tuple[str, ...]:
    return tuple(one for one in data.cartons if one not in data.left_out)


def _labelled(contests: Sequence[Contest], product: str | None) -> list[LabelledContest]:
    known = main_contest(contests, product)
    labelled = [] if known is None else [LabelledContest(known, product)]
    if product is not None:
        rest = [without(one, {product}) for one in contests]
        twins = main_contest([one for one in rest if one is not None], None)
        if twins is not None:
            labelled.append(LabelledContest(twins, None, _TWIN_SHARE))
    return labelled
