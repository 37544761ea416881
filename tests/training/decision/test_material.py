from pathlib import Path

import numpy as np
import pytest

from tests.training.miniature import HELD_OUT, LEFT_OUT, PRODUCE, TRAINED
from training.data.sources import TrainingData, is_held_out
from training.decision.material import CalibrationMaterial, gather_material


@pytest.fixture(scope="module")
def material(tiny_data: Path) -> CalibrationMaterial:
    return gather_material(TrainingData.open(tiny_data), photos=9, seed=0)


def test_the_catalog_holds_the_cartons_that_may_be_trained_on(
    material: CalibrationMaterial,
) -> None:
    assert {*TRAINED, *HELD_OUT} <= set(material.references)
    assert not set(material.references) & {*LEFT_OUT, *PRODUCE}
    counts = {len(material.references[carton]) for carton in (*TRAINED, *HELD_OUT)}
    assert counts == {1, 2}, "some have photos beside the iconic picture"


def test_prints_are_of_goods_that_no_network_has_seen(material: CalibrationMaterial) -> None:
    names = [name.partition("-")[2] for name in material.references if name.startswith("clothes")]
    assert all(is_held_out(name) for name in names)


def test_known_and_unknown_photos_are_drawn_again_alike(tiny_data: Path) -> None:
    def first_prints() -> list[np.ndarray]:
        drawn = gather_material(TrainingData.open(tiny_data), photos=1, seed=3)
        return [
            photo.picture()
            for photo in drawn.photos
            if photo.product is not None and photo.product.startswith("print")
        ][:2]

    for print_, again in zip(first_prints(), first_prints(), strict=True):
        assert np.array_equal(print_, again)


def test_no_photo_is_one_that_the_catalog_holds(material: CalibrationMaterial) -> None:
    known = [picture for carton in (*TRAINED, *HELD_OUT) for picture in material.references[carton]]
    photos = [photo.picture() for photo in material.photos if photo.product in TRAINED]
    assert photos
    assert not any(np.array_equal(photo, kept) for photo in photos for kept in known)


def test_what_deceives_counts_less_than_what_does_not(material: CalibrationMaterial) -> None:
    weights = {photo.weight for photo in material.photos if photo.product is None}
    assert max(weights) == 1.0
    assert min(weights) < 0.1
    assert all(photo.weight == 1.0 for photo in material.photos if photo.product is not None)
