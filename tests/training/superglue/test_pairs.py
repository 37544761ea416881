from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.training.superglue.pairing import front_end, keypoints, moved
from training.data.sources import TrainingData
from training.superglue.compose import UNKNOWN
from training.superglue.feature_pool import (
    FeaturePool,
    FeaturePoolOptions,
    PastedReference,
    build_pool,
)
from training.superglue.pairs import (
    DUSTBIN,
    IGNORED,
    PairSampler,
    Relation,
    find_true_pairs,
    stack_pairs,
)
from training.superglue.things import ThingCounts

SHIFT = np.array([[1, 0, 7], [0, 1, 0], [0, 0, 1]], np.float64)


@pytest.fixture(scope="module")
def sampler(tiny_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PairSampler:
    folder = tmp_path_factory.mktemp("pool")
    options = FeaturePoolOptions(1, 0, shard_size=8, amounts=ThingCounts(2, 0, 3))
    for _ in build_pool(TrainingData.open(tiny_data), front_end(), folder, options):
        pass
    return PairSampler(FeaturePool.read(folder, "train"), front_end(), np.random.default_rng(0))


def owned(count: int, owner: int = 1) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.full(count, owner, np.uint8)


def test_partners_are_what_the_homography_brings_together() -> None:
    reference = keypoints(12, 0)
    query = moved(reference, 7.0)
    first, second = find_true_pairs(
        query, reference, owned(12), 1, PastedReference(0, SHIFT, photo=False)
    )
    assert first.tolist() == second.tolist() == list(range(12))


def test_keypoints_of_something_else_belong_to_nobody() -> None:
    reference = keypoints(12, 0)
    query = moved(reference, 7.0)
    owner = owned(12)
    owner[:4], owner[4] = 2, UNKNOWN
    first, second = find_true_pairs(
        query, reference, owner, 1, PastedReference(0, SHIFT, photo=False)
    )
    assert (first[:4] == DUSTBIN).all()
    assert first[4] == IGNORED
    assert first[5:].tolist() == list(range(5, 12))
    assert (second[:5] != np.arange(5)).all()


def test_what_is_neither_near_nor_far_is_ignored() -> None:
    reference = keypoints(1, 0)
    at = {gap: moved(reference, 7.0 + gap) for gap in (0.0, 4.5, 30.0)}
    pasted = PastedReference(0, SHIFT, photo=False)
    found = {
        gap: find_true_pairs(query, reference, owned(1), 1, pasted)[0][0]
        for gap, query in at.items()
    }
    assert found == {0.0: 0, 4.5: IGNORED, 30.0: DUSTBIN}


def test_photos_do_not_say_what_has_no_partner_in_the_reference() -> None:
    reference = keypoints(3, 0)
    query = moved(reference, 7.0).select(np.array([0]))
    _, second = find_true_pairs(
        query, reference, owned(1), 1, PastedReference(0, SHIFT, photo=True)
    )
    assert second.tolist() == [0, IGNORED, IGNORED]


def test_drawn_pairs_are_of_all_relations_and_within_the_limit(sampler: PairSampler) -> None:
    pairs = [sampler.draw(40) for _ in range(80)]
    assert set(Counter(pair.relation for pair in pairs)) == set(Relation)
    for pair in pairs:
        assert len(pair.query_targets) == len(pair.query) <= 40
        assert len(pair.reference_targets) == len(pair.reference) <= 40
        matched = np.nonzero(pair.query_targets >= 0)[0]
        assert np.array_equal(pair.reference_targets[pair.query_targets[matched]], matched)
        if pair.relation is not Relation.SHOWN:
            assert len(matched) == 0
    assert any((pair.query_targets >= 0).any() for pair in pairs)


def test_padding_has_no_truth(sampler: PairSampler) -> None:
    pairs = [sampler.draw(limit) for limit in (12, 30)]
    batch = stack_pairs(pairs)
    assert batch.query.scores.shape == batch.query_targets.shape
    padding = batch.query_targets[~batch.query.mask]
    assert (padding == IGNORED).all()
