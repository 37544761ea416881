import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from superglue.superglue import SuperGlue, SuperGlueSizes
from tests.training.superglue.pairing import keypoints, moved
from training.data.sources import TrainingData
from training.loop.progress import Progress
from training.loop.trainer import RunOptions
from training.superglue.designs import SuperGlueDesign, start_as_nearest_neighbour
from training.superglue.feature_pool import FeaturePoolOptions, build_pool
from training.superglue.front_ends import FrontEndChoice, FrontEndKind
from training.superglue.pairs import DUSTBIN, IGNORED, Relation, TrainingPair, stack_pairs
from training.superglue.things import ThingCounts
from training.superglue.train import (
    GlueOptions,
    GluePairFinder,
    PairBatches,
    assignment_loss,
    train_glue,
)

TINY = SuperGlueSizes(16, 24, 2, 4, 6, (8,))


WEIGHTS = Path(__file__).parents[3] / "weights"


pytestmark = pytest.mark.usefixtures("one_thread")


def fresh(sizes: SuperGlueSizes = TINY) -> SuperGlue:
    torch.manual_seed(0)
    net = SuperGlue(sizes, 10)
    start_as_nearest_neighbour(net)
    return net


def known_pair(count: int = 14) -> TrainingPair:
    """The second half of either side has no partner."""
    first, second = keypoints(count, 1), keypoints(count, 2)
    half = count // 2
    second.descriptors[:half] = first.descriptors[:half]
    targets = np.where(np.arange(count) < half, np.arange(count), DUSTBIN)
    return TrainingPair(moved(first, 2.0), second, targets, targets, False, Relation.SHOWN)


@pytest.mark.parametrize("width", [16, 24])
def test_a_fresh_network_pairs_what_descriptors_say(width: int) -> None:
    net = fresh(replace(TINY, width=width))
    pair = known_pair()
    found = GluePairFinder(net).find(pair.query, pair.reference)
    truth = pair.query_targets[found.query]
    assert (truth == found.reference).sum() >= 6
    assert len(found) <= 9


def test_the_loss_is_small_where_the_assignment_is_right() -> None:
    targets = torch.tensor([[0, DUSTBIN]])
    right = torch.tensor([[[0.0, -9, -9], [-9, -9, 0.0], [-9, 0.0, -9]]])
    wrong = torch.tensor([[[-9.0, 0, -9], [0, -9, -9], [-9, -9, 0.0]]])
    assert assignment_loss(right, targets, targets) == 0.0
    assert assignment_loss(wrong, targets, targets) > 5.0


def test_ignored_keypoints_have_no_part_in_the_loss() -> None:
    found = torch.randn(2, 5, 4)
    found.requires_grad_()
    nothing = torch.full((2, 4), IGNORED), torch.full((2, 3), IGNORED)
    loss = assignment_loss(found, *nothing)
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss.detach()) == 0.0
    assert found.grad is not None
    assert not found.grad.any()


def test_a_few_steps_on_one_pair_lower_its_loss() -> None:
    net = fresh()
    batch = stack_pairs([known_pair(), known_pair(10)])
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
    losses = []
    for _ in range(12):
        found = net(batch.query, batch.reference)
        loss = assignment_loss(found, batch.query_targets, batch.reference_targets)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def options(data: Path, out: Path) -> GlueOptions:
    return GlueOptions(
        RunOptions(data, out, minutes=0.02, report_seconds=0.6),
        FrontEndChoice(FrontEndKind.ROOTSIFT, WEIGHTS, out),
        SuperGlueDesign(16, 1),
        pool=out / "pool",
        scenes=FeaturePoolOptions(1, 1, shard_size=4, amounts=ThingCounts(10, 0, 1)),
    )


def test_a_whole_run_ends_with_a_network_and_its_figures(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superglue.train._VALIDATED", 6)
    monkeypatch.setattr("training.superglue.train._BATCH", 2)
    reports: list[Progress] = []

    best = train_glue(options(tiny_data, tmp_path), reports.append)

    assert best.exists()
    assert reports[0].step == 0
    assert reports[-1].step > 0
    names: list[Mapping[str, float]] = [progress.figures for progress in reports]
    assert {"flat_precision", "flat_recall", "twin_drawn"} <= set(names[-1])
    state = torch.load(best, weights_only=True)["net"]
    assert SuperGlueSizes.of(state) == SuperGlueSizes(64, 16, 2, 4, 6, ())


def test_what_is_added_to_the_pool_meanwhile_is_drawn_from(
    tiny_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.superglue.train._LOOK_FOR_SHARDS", 1)
    given = options(tiny_data, tmp_path)
    data, front_end = TrainingData.open(tiny_data), given.front_end.open()
    list(build_pool(data, front_end, given.pool, given.scenes))
    rng = np.random.default_rng(0)
    draws = PairBatches(given.pool, front_end, 3, rng)
    first = given.pool / "train-00000.npz"
    known = draws.scenes
    shutil.copy(first, first.with_name("train-00001.npz"))
    assert [len(draws.draw(share)) for share in (0.0, 1.0)] == [3, 3]
    assert (known, draws.scenes) == (4, 8)
