from pathlib import Path

import numpy as np
import pytest

from tests.training.miniature import HELD_OUT, LEFT_OUT
from tests.training.superglue.pairing import front_end
from training.data.sources import TrainingData
from training.errors import TrainingError
from training.superglue.compose import UNKNOWN
from training.superglue.feature_pool import FeaturePool, FeaturePoolOptions, build_pool, widen
from training.superglue.things import ThingCounts

OPTIONS = FeaturePoolOptions(1, 1, shard_size=6, amounts=ThingCounts(4, 0, 2))


@pytest.fixture(scope="module")
def folder(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pool")
    for _ in build_pool(TrainingData.open(tiny_data), front_end(), folder, OPTIONS):
        pass
    return folder


def test_a_pool_holds_scenes_and_what_they_show(folder: Path) -> None:
    pool = FeaturePool.read(folder, "train")
    assert len(pool.scenes) == 6
    for scene in pool.scenes:
        assert len(scene.owner) == len(scene.features)
        numbers = set(np.unique(scene.owner).tolist()) - {0, UNKNOWN}
        assert numbers <= set(range(1, len(scene.pasted) + 1))
        assert all(thing.reference < len(pool.references) for thing in scene.pasted)


def test_held_out_products_are_for_validation_and_left_out_ones_for_nothing(folder: Path) -> None:
    trained = {reference.name for reference in FeaturePool.read(folder, "train").references}
    validated = {reference.name for reference in FeaturePool.read(folder, "validation").references}
    assert "Alpha-Juice" in trained
    assert set(HELD_OUT) <= validated
    assert not trained & validated
    assert not (trained | validated) & set(LEFT_OUT)


def test_what_is_there_is_not_built_again(folder: Path, tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    assert list(build_pool(data, front_end(), folder, OPTIONS)) == []


def test_a_killed_builder_makes_the_same_shard_again(folder: Path, tiny_data: Path) -> None:
    lost = folder / "train-00000.npz"
    before = lost.read_bytes()
    lost.unlink()
    assert list(build_pool(TrainingData.open(tiny_data), front_end(), folder, OPTIONS)) == [lost]
    assert lost.read_bytes() == before


def test_a_pool_grows_by_the_shards_that_have_come_since(folder: Path, tmp_path: Path) -> None:
    empty = FeaturePool.read(tmp_path, "train")
    assert (len(empty.scenes), empty.shards) == (0, 0)
    for name in ("train-references.npz", "train-00000.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    grown = empty.grown(tmp_path, "train")
    assert (len(grown.scenes), grown.shards) == (6, 1)
    assert len(grown.grown(tmp_path, "train").scenes) == 6


def test_stored_keypoints_are_those_of_the_front_end(folder: Path) -> None:
    features = widen(FeaturePool.read(folder, "train").scenes[0].features)
    assert features.points.max() < max(features.width, features.height)
    assert np.linalg.norm(features.descriptors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_broken_shard_is_refused_with_its_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "train-references.npz").write_bytes((folder / "train-references.npz").read_bytes())
    (tmp_path / "train-00000.npz").write_bytes(b"no archive")
    with pytest.raises(TrainingError, match=r"train-00000\.npz is broken"):
        FeaturePool.read(tmp_path, "train")
