"""Fits the decision's weights on photos of many kinds of goods that may be trained on.

Each photo of a known product counts twice: with its product in the catalog, and as if the catalog
lacked it, which leaves its twins and is the hardest unknown.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
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
from training.decision.material import CalibrationMaterial, CalibrationPhoto

# How often a photo shows a twin of something in the catalog instead of the thing itself. What
# tells twins apart is learnt as if they were more frequent; how often an answer is then right is up
# to `fit_answer_scale`.
_TWIN_SHARE: Final = 0.05
_TWIN_WEIGHT: Final = 0.2

Find = Callable[[NDArray[np.uint8]], Sequence[Contest]]
OnPhoto = Callable[[int, int], None]


def train_decision(material: CalibrationMaterial, find: Find, on_photo: OnPhoto) -> DecisionWeights:
    """Fit the decision to what competes in photos of known and of unknown products.

    Args:
        material: photos and the catalog that they are compared with.
        find: contests in an (H, W, 3) RGB photo, over the products of the catalog.
        on_photo: called with photos done and photos in all.
    """
    shown: list[LabelledContest] = []
    lacking: list[LabelledContest] = []
    competing: list[Sequence[Contest]] = []
    for done, photo in enumerate(material.photos, start=1):
        competing.append(find(photo.picture()))
        shown += _as_it_is(competing[-1], photo)
        lacking += _as_if_lacking(competing[-1], photo)
        on_photo(done, len(material.photos))
    weights = replace(fit_weights([*shown, *lacking]), unknown_share=_unknown_share(shown, lacking))
    products = [photo.product for photo in material.photos]
    return fit_answer_scale(
        weights, competing, products, [photo.weight for photo in material.photos]
    )


def _as_it_is(contests: Sequence[Contest], photo: CalibrationPhoto) -> list[LabelledContest]:
    known = pick_main_contest(contests, photo.product)
    return [] if known is None else [LabelledContest(known, photo.product, photo.weight)]


def _as_if_lacking(contests: Sequence[Contest], photo: CalibrationPhoto) -> list[LabelledContest]:
    if photo.product is None:
        return []
    rest = [remove_products(contest, {photo.product}) for contest in contests]
    twins = pick_main_contest([contest for contest in rest if contest is not None], None)
    return [] if twins is None else [LabelledContest(twins, None, _TWIN_WEIGHT)]


def _unknown_share(shown: Sequence[LabelledContest], lacking: Sequence[LabelledContest]) -> float:
    twins = _TWIN_SHARE * len(lacking)
    total = sum(labelled.weight for labelled in shown)
    unknown = sum(labelled.weight for labelled in shown if labelled.product_id is None)
    return min(max((unknown + twins) / (total + twins), 0.01), 0.99)
