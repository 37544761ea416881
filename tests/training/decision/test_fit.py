from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.verification.verifier import Contest
from tests.matcher.contests import contest, hypothesis
from tests.training.miniature import HELD_OUT, LEFT_OUT, PRODUCE, TRAINED
from training.data.sources import TrainingData
from training.decision.fit import DecisionOptions, calibration_catalog, train_decision


@pytest.fixture
def data(tiny_data: Path) -> TrainingData:
    return TrainingData.open(tiny_data)


def test_the_catalog_holds_the_cartons_that_may_be_trained_on(data: TrainingData) -> None:
    catalog = calibration_catalog(data)
    assert set(catalog) == {*TRAINED, *HELD_OUT}
    assert not set(catalog) & {*LEFT_OUT, *PRODUCE}
    pictures = [picture for several in catalog.values() for picture in several]
    assert all(picture.ndim == 3 for picture in pictures)
    assert len(pictures) > len(catalog), "photos beside the iconic pictures"


def test_every_photo_is_a_query_with_and_without_its_product(data: TrainingData) -> None:
    progress: list[tuple[int, int]] = []

    def find(image: NDArray[np.uint8]) -> Sequence[Contest]:
        assert image.ndim == 3
        return [contest(*(hypothesis(product, 50, 0.8) for product in (*TRAINED, *HELD_OUT)))]

    def count(done: int, of: int) -> None:
        progress.append((done, of))

    weights = train_decision(data, find, DecisionOptions(photos=1, unknown=2), count)
    cartons = len(TRAINED) + len(HELD_OUT)
    photos = cartons + 2
    assert progress == [(done, photos) for done in range(1, photos + 1)]
    # The twins that stay when a product is taken away count for little.
    twins = 0.05 * cartons
    assert weights.unknown_share == pytest.approx((2 + twins) / (photos + twins))


def test_no_photo_is_a_query_that_the_catalog_holds(data: TrainingData) -> None:
    known = [picture for several in calibration_catalog(data).values() for picture in several]
    queries: list[NDArray[np.uint8]] = []

    def find(image: NDArray[np.uint8]) -> Sequence[Contest]:
        queries.append(image)
        return [contest(hypothesis(TRAINED[0], 50, 0.8))]

    train_decision(data, find, DecisionOptions(photos=9, unknown=0), lambda *_: None)
    assert queries
    assert not any(np.array_equal(image, picture) for image in queries for picture in known)


def test_photos_where_nothing_competes_are_left_out(data: TrainingData) -> None:
    with pytest.raises(ValueError, match="at least one"):
        train_decision(data, lambda _: [], DecisionOptions(photos=1), lambda *_: None)
