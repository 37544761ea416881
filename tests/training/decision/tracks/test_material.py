from pathlib import Path

import numpy as np
import pytest

from tests.training import miniature
from training.data.sources import TrainingData
from training.decision.tracks.material import gather_unknowns


@pytest.fixture
def data(tmp_path: Path) -> TrainingData:
    miniature.build(tmp_path)
    return TrainingData.open(tmp_path)


def test_unknowns_are_cartons_taken_away_and_prints_whose_siblings_stay(data: TrainingData) -> None:
    material = gather_unknowns(data, photos=2, seed=0)
    cartons = {name for name in material.references if not name.startswith("print")}
    assert cartons == {*miniature.TRAINED, *miniature.HELD_OUT}
    lacking = [unknown.lacking for unknown in material.unknowns if unknown.lacking is not None]
    assert sorted(lacking) == sorted([*cartons, *cartons])
    prints = [unknown for unknown in material.unknowns if unknown.lacking is None]
    for unknown in prints:
        assert f"{unknown.group}-0" in material.references
        assert f"{unknown.group}-3" not in material.references
    assert len(prints) == 2 * len({unknown.group for unknown in prints})


def test_a_seed_draws_the_same_pictures(data: TrainingData) -> None:
    first, second = (gather_unknowns(data, 1, seed=0).unknowns[-1].picture() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = gather_unknowns(data, 1, seed=1).unknowns[-1].picture()
    assert first.shape != other.shape or (first != other).any()


def test_no_left_out_carton_is_among_them(data: TrainingData) -> None:
    material = gather_unknowns(data, 2, seed=0)
    assert not set(miniature.LEFT_OUT) & {unknown.group for unknown in material.unknowns}
