"""Releases SuperGlue and SuperPoint, with their held-out figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.networks.weights import Network, WeightsEntry
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import SuperPoint, SuperPointSizes
from training.data.sources import TrainingData
from training.loop.checkpoint import load_checkpoint
from training.loop.export import WeightsCard, export_weights
from training.release.weights_folder import GROCERY, training_command
from training.superglue.feature_pool import FeaturePool
from training.superglue.front_ends import FrontEndChoice, FrontEndKind
from training.superglue.metrics import measure_pairing
from training.superglue.train import (
    ITERATIONS,
    THRESHOLD,
    SuperGluePairFinder,
    match_nearest,
    validation_pairs,
)
from training.superpoint.metrics import measure_keypoints
from training.superpoint.train import HELD_OUT_PICTURES, read_pictures

_SOURCES: Final = (
    f"{GROCERY} and without every fourth product (MIT); Amazon Picking Challenge catalog pictures "
    "(BSD-3); beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); BoofCV photos "
    "(CC BY 4.0); drawn packages and prints"
)


@dataclass(frozen=True, slots=True)
class SuperGlueRelease:
    """A finished SuperGlue, and how it will serve.

    Attributes:
        run: the folder of its run.
        pool: folder of the scenes' features; None for the one in the run.
        front_end: whose features it pairs.
        keypoints: of each side at most.
        closer: references that it is applied to.
    """

    run: Path
    pool: Path | None = None
    front_end: FrontEndKind = FrontEndKind.ROOTSIFT
    keypoints: int = 384
    closer: int = 4


def release_superglue(release: SuperGlueRelease, folder: Path) -> WeightsEntry:
    """Measure the best network of a run beside nearest neighbours, and write it.

    Raises:
        TrainingError: the run or its pool is not complete, or the folder has no front end.
    """
    run, kind = release.run, release.front_end
    state = load_checkpoint(run / "best.pt", "cpu")["net"]
    sizes = SuperGlueSizes.of(state)
    net = SuperGlue(sizes, ITERATIONS)
    net.load_state_dict(state)
    pool = FeaturePool.read(release.pool or run / "pool", "validation")
    held_out = validation_pairs(pool, FrontEndChoice(kind, folder, run / "networks").open())
    trained = measure_pairing(held_out, SuperGluePairFinder(net).find)
    nearest = measure_pairing(held_out, match_nearest)
    shape = f"--front-end {kind} --width {sizes.width} --layers {sizes.layers // 2}"
    card = WeightsCard(
        name=f"superglue-{kind}-{sizes.width}x{sizes.layers // 2}",
        network=Network.SUPERGLUE,
        trained_on=_SOURCES,
        command=f"{training_command('superglue', run)} {shape}",
        figures={f"held_out_{name}": value for name, value in trained.items()}
        | {f"held_out_nearest_{name}": value for name, value in nearest.items()},
        options={
            "heads": sizes.heads,
            "sinkhorn_iterations": ITERATIONS,
            "match_threshold": THRESHOLD,
            "keypoints": release.keypoints,
            "closer": release.closer,
        },
    )
    return export_weights(run / "best.pt", card, folder)


def release_superpoint(data: TrainingData, run: Path, folder: Path) -> WeightsEntry:
    """Measure the best network of a run on held-out pictures, and write it.

    Raises:
        TrainingError: the run or the data folder is not complete.
    """
    state = load_checkpoint(run / "best.pt", "cpu")["net"]
    net = SuperPoint(SuperPointSizes.of(state))
    net.load_state_dict(state)
    pictures = read_pictures(data, HELD_OUT_PICTURES, held_out=True)
    card = WeightsCard(
        name=f"superpoint-{net.sizes.descriptors}",
        network=Network.SUPERPOINT,
        trained_on=_SOURCES,
        command=training_command("superpoint", run),
        figures={
            f"held_out_{name}": value
            for name, value in measure_keypoints(net.eval(), pictures).items()
        },
        options={},
    )
    return export_weights(run / "best.pt", card, folder)
