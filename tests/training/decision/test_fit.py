from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.verification.verifier import Contest
from tests.matcher.decision.contests import contest, hypothesis
from training.decision.fit import train_decision
from training.decision.material import CalibrationMaterial, CalibrationPhoto

GREY = np.full((8, 8, 3), 128, np.uint8)


def photos(*products: str | None, weight: float = 1.0) -> CalibrationMaterial:
    draw = partial(np.copy, GREY)
    return CalibrationMaterial({}, [CalibrationPhoto(draw, name, weight) for name in products])


def all_compete(image: NDArray[np.uint8]) -> Sequence[Contest]:
    assert image.ndim == 3
    return [contest(*(hypothesis(product, 50, 0.8) for product in ("a", "b", "c")))]


def test_every_photo_counts_with_and_without_its_product() -> None:
    progress: list[tuple[int, int]] = []

    def count(done: int, of: int) -> None:
        progress.append((done, of))

    weights = train_decision(photos("a", "b", "c", None, None), all_compete, count)
    assert progress == [(done, 5) for done in range(1, 6)]
    # The twins that stay when a product is taken away count for little.
    twins = 0.05 * 3
    assert weights.unknown_share == pytest.approx((2 + twins) / (5 + twins))


def test_an_unknown_that_counts_little_is_a_small_share() -> None:
    material = photos("a", "b", "c")
    material.photos += photos(None, weight=0.1).photos
    weights = train_decision(material, all_compete, lambda *_: None)
    assert weights.unknown_share == pytest.approx((0.1 + 0.15) / (3.1 + 0.15))


def test_photos_where_nothing_competes_are_left_out() -> None:
    with pytest.raises(ValueError, match="at least one"):
        train_decision(photos("a"), lambda _: [], lambda *_: None)
