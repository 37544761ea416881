"""Puts a finished SuperGlue or SuperPoint into the weights folder, with its held-out figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.networks.weights import Network, WeightsEntry
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import SuperPoint, SuperPointSizes
from training.data.sources import TrainingData
from training.loop.checkpoint import load_checkpoint
from training.loop.export import WeightsCard, export_weights
from training.release.release import training_command
from training.superglue.feature_pool import FeaturePool
from training.superglue.front_ends import FrontEndChoice
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

SOURCES: Final = (
    "Grocery Store Dataset train photos and catalog pictures without the 8 left-out cartons and "
    "without every fourth product (MIT); Amazon Picking Challenge catalog pictures (BSD-3); "
    "beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); BoofCV photos (CC BY 4.0); "
    "drawn packages and prints"
)


@dataclass(frozen=True, slots=True)
class SuperGlueServing:
    """How the product uses a SuperGlue.

    Attributes:
        keypoints: of each side at most.
        closer: references looked at with it.
    """

    keypoints: int
    closer: int


def release_superglue(
    run: Path, pool: Path, front_end: FrontEndChoice, served: SuperGlueServing, folder: Path
) -> WeightsEntry:
    """Measure the best network of a run beside nearest neighbours, and write it.

    Raises:
        TrainingError: the run or its pool is not complete.
    """
    state = load_checkpoint(run / "best.pt", "cpu")["net"]
    sizes = SuperGlueSizes.of(state)
    net = SuperGlue(sizes, ITERATIONS)
    net.load_state_dict(state)
    held_out = validation_pairs(FeaturePool.read(pool, "validation"), front_end.open())
    own = measure_pairing(held_out, SuperGluePairFinder(net).find)
    plain = measure_pairing(held_out, match_nearest)
    shape = f"--front-end {front_end.kind} --width {sizes.width} --layers {sizes.layers // 2}"
    card = WeightsCard(
        name=f"superglue-{front_end.kind}-{sizes.width}x{sizes.layers // 2}",
        network=Network.SUPERGLUE,
        trained_on=SOURCES,
        command=f"{training_command('superglue', run)} {shape}",
        figures={f"held_out_{name}": value for name, value in own.items()}
        | {f"held_out_nearest_{name}": value for name, value in plain.items()},
        options={
            "heads": sizes.heads,
            "sinkhorn_iterations": ITERATIONS,
            "match_threshold": THRESHOLD,
            "keypoints": served.keypoints,
            "closer": served.closer,
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
    figures = measure_keypoints(net.eval(), read_pictures(data, HELD_OUT_PICTURES, held_out=True))
    card = WeightsCard(
        name=f"superpoint-{net.sizes.descriptors}",
        network=Network.SUPERPOINT,
        trained_on=SOURCES,
        command=training_command("superpoint", run),
        figures={f"held_out_{name}": value for name, value in figures.items()},
        options={},
    )
    return export_weights(run / "best.pt", card, folder)
