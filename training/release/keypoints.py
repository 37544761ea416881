"""Puts a finished SuperGlue or SuperPoint into the weights folder, with its held-out figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.networks.weights import Network, WeightsEntry
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import SuperPoint, SuperPointSizes
from training.data.sources import TrainingData
from training.loop.checkpoint import load_checkpoint
from training.loop.export import Card, export
from training.release.release import command_of
from training.superglue.feature_pool import Pool
from training.superglue.front_ends import FrontEndChoice
from training.superglue.metrics import pairing_figures
from training.superglue.train import ITERATIONS, THRESHOLD, PairFinder, nearest, validation_pairs
from training.superpoint.metrics import keypoint_figures
from training.superpoint.train import HELD_OUT_PICTURES, read_pictures

SOURCES: Final = (
    "Grocery Store Dataset train photos and catalog pictures without the 8 left-out cartons and "
    "without every fourth product (MIT); Amazon Picking Challenge catalog pictures (BSD-3); "
    "beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); BoofCV photos (CC BY 4.0); "
    "drawn packages and prints"
)


@dataclass(frozen=True, slots=True)
class ServedAs:
    """How the product uses a SuperGlue.

    Attributes:
        keypoints: of each side at most.
        closer: references looked at with it.
    """

    keypoints: int
    closer: int


def ship_superglue(
    run: Path, pool: Path, front_end: FrontEndChoice, served: ServedAs, folder: Path
) -> WeightsEntry:
    """Measure the best network of a run beside nearest neighbours, and write it.

    Raises:
        TrainingError: the run or its pool is not complete.
    """
    state = load_checkpoint(run / "best.pt", "cpu")["net"]
    sizes = SuperGlueSizes.of(state)
    net = SuperGlue(sizes, ITERATIONS)
    net.load_state_dict(state)
    held_out = validation_pairs(Pool.read(pool, "validation"), front_end.open())
    own = pairing_figures(held_out, PairFinder(net).find)
    plain = pairing_figures(held_out, nearest)
    shape = f"--front-end {front_end.kind} --width {sizes.width} --layers {sizes.layers // 2}"
    card = Card(
        name=f"superglue-{front_end.kind}-{sizes.width}x{sizes.layers // 2}",
        network=Network.SUPERGLUE,
        trained_on=SOURCES,
        command=f"{command_of('superglue', run)} {shape}",
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
    return export(run / "best.pt", card, folder)


def ship_superpoint(data: TrainingData, run: Path, folder: Path) -> WeightsEntry:
    """Measure the best network of a run on held-out pictures, and write it.

    Raises:
        TrainingError: the run or the data folder is not complete.
    """
    state = load_checkpoint(run / "best.pt", "cpu")["net"]
    net = SuperPoint(SuperPointSizes.of(state))
    net.load_state_dict(state)
    figures = keypoint_figures(net.eval(), read_pictures(data, HELD_OUT_PICTURES, held_out=True))
    card = Card(
        name=f"superpoint-{net.sizes.descriptors}",
        network=Network.SUPERPOINT,
        trained_on=SOURCES,
        command=command_of("superpoint", run),
        figures={f"held_out_{name}": value for name, value in figures.items()},
        options={},
    )
    return export(run / "best.pt", card, folder)
