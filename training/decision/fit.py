"""Fits the decision's weights on photos of cartons that may be trained on.

The catalog holds each carton's iconic picture and a few photos: clean pictures alone would teach
that colours and contrast tell more than they do when a twin was photographed in the same light.
Each further photo is a query twice: with its product in the catalog, and as if the catalog lacked
it, which leaves its twins and is the hardest unknown. Produce photos are the easy unknowns.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.decision.decision import DecisionWeights
from matcher.decision.fit import (
    LabelledContest,
    fit_answer_scale,
    fit_weights,
    pick_main_contest,
    remove_products,
)
from matcher.verification.verifier import Contest
from training.data.sources import TrainingData, read_rgb

# How often a photo shows a twin of something in the catalog instead of the thing itself. What
# tells twins apart is learnt as if they were more frequent; how often an answer is then right is up
# to `fit_answer_scale`.
_TWIN_SHARE: Final = 0.05
_TWIN_WEIGHT: Final = 0.2
# Pixels of the longer side.
_LONGEST: Final = 1280
# Photos of each carton that become references, at most.
_REFERENCE_PHOTOS: Final = 3

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


def calibration_catalog(data: TrainingData) -> dict[str, list[NDArray[np.uint8]]]:
    """Read pictures (H, W, 3) RGB of each carton to train on: the iconic one, then photos."""
    return {
        product: [
            read_rgb(path, _LONGEST)
            for path in (data.iconic(product), *_reference_photos(data, product))
        ]
        for product in _cartons(data)
    }


def train_decision(
    data: TrainingData, find: Find, options: DecisionOptions, on_photo: OnPhoto
) -> DecisionWeights:
    """Fit the decision to what competes in photos of known and of unknown products.

    Args:
        data: the data folder.
        find: contests in an (H, W, 3) RGB photo, over the products of `calibration_catalog`.
        options: how many photos.
        on_photo: called with photos done and photos in all.
    """
    cartons = _cartons(data)
    photos = [
        (path, carton)
        for carton in cartons
        for path in data.photos(carton)[len(_reference_photos(data, carton)) :][: options.photos]
    ]
    produce = [
        path
        for product in data.products()
        if product not in cartons
        for path in data.photos(product)[:2]
    ]
    queries = [*photos, *((path, None) for path in produce[: options.unknown])]
    shown: list[LabelledContest] = []
    lacking: list[LabelledContest] = []
    competing: list[Sequence[Contest]] = []
    for done, (path, product) in enumerate(queries, start=1):
        competing.append(find(read_rgb(path, _LONGEST)))
        shown += _as_it_is(competing[-1], product)
        lacking += _as_if_lacking(competing[-1], product)
        on_photo(done, len(queries))
    weights = replace(fit_weights([*shown, *lacking]), unknown_share=_unknown_share(shown, lacking))
    return fit_answer_scale(weights, competing, [product for _, product in queries])


def _cartons(data: TrainingData) -> tuple[str, ...]:
    return tuple(carton for carton in data.cartons if carton not in data.left_out)


def _reference_photos(data: TrainingData, product: str) -> tuple[Path, ...]:
    """Return the first few photos, never all: some must be left as queries."""
    photos = data.photos(product)
    return photos[: min(_REFERENCE_PHOTOS, len(photos) // 2)]


def _as_it_is(contests: Sequence[Contest], product: str | None) -> list[LabelledContest]:
    known = pick_main_contest(contests, product)
    return [] if known is None else [LabelledContest(known, product)]


def _as_if_lacking(contests: Sequence[Contest], product: str | None) -> list[LabelledContest]:
    if product is None:
        return []
    rest = [remove_products(contest, {product}) for contest in contests]
    twins = pick_main_contest([contest for contest in rest if contest is not None], None)
    return [] if twins is None else [LabelledContest(twins, None, _TWIN_WEIGHT)]


def _unknown_share(shown: Sequence[LabelledContest], lacking: Sequence[LabelledContest]) -> float:
    twins = _TWIN_SHARE * len(lacking)
    unknown = sum(labelled.product_id is None for labelled in shown)
    return min(max((unknown + twins) / (len(shown) + twins), 0.01), 0.99)
