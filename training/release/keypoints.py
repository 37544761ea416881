"""Releases SuperGlue, LightGlue and SuperPoint, with their held-out figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matcher.networks.weights import Network, WeightsEntry
from superglue.lightglue import LightGlue, LightGlueSizes
from superglue.superglue import SuperGlue, SuperGlueSizes
from superglue.superpoint import SuperPoint, SuperPointSizes
from training.data.sources import TrainingData
from training.loop.checkpoint import load_checkpoint
from training.loop.export import WeightsCard, export_weights
from training.release.weights_folder import GROCERY, training_command
from training.superglue.designs import ITERATIONS, GlueNetwork
from training.superglue.feature_pool import FeaturePool
from training.superglue.front_ends import FrontEndChoice, FrontEndKind
from training.superglue.metrics import measure_pairing
from training.superglue.published import PACKAGE
from training.superglue.train import (
    THRESHOLD,
    GluePairFinder,
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

# Where pairs find surfaces and surfaces find further pairs, few right pairs are worth more than
# many doubtful ones: in training's own figure, of pairs alone, 0.2 is best.
_SURE_PAIRS: Final = 0.4


@dataclass(frozen=True, slots=True)
class GlueRelease:
    """A finished SuperGlue or LightGlue, and how it will serve.

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


def release_superglue(release: GlueRelease, folder: Path) -> WeightsEntry:
    """Measure the best network of a run beside nearest neighbours, and write it.

    Raises:
        TrainingError: the run or its pool is not complete, or the folder has no front end.
    """
    state = load_checkpoint(release.run / "best.pt", "cpu")["net"]
    sizes = SuperGlueSizes.of(state)
    net = SuperGlue(sizes, ITERATIONS)
    net.load_state_dict(state)
    layers = sizes.layers // 2
    shape = f"--front-end {release.front_end} --width {sizes.width} --layers {layers}"
    options = {
        "heads": sizes.heads,
        "sinkhorn_iterations": ITERATIONS,
        "match_threshold": THRESHOLD,
        "keypoints": release.keypoints,
        "closer": release.closer,
    }
    card = WeightsCard(
        name=f"superglue-{release.front_end}-{sizes.width}x{layers}",
        network=Network.SUPERGLUE,
        trained_on=_SOURCES,
        command=f"{training_command('superglue', release.run)} {shape}",
        figures=_pairing_figures(net, release, folder),
        options=options,
    )
    return export_weights(release.run / "best.pt", card, folder)


def release_lightglue(release: GlueRelease, folder: Path) -> WeightsEntry:
    """Measure the best network of a run beside nearest neighbours, and write it.

    Raises:
        TrainingError: the run or its pool is not complete, or the folder has no front end.
    """
    state = load_checkpoint(release.run / "best.pt", "cpu")["net"]
    sizes = LightGlueSizes.of(state)
    net = LightGlue(sizes)
    net.load_state_dict(state)
    options = {
        "heads": sizes.heads,
        "match_threshold": _SURE_PAIRS,
        "keypoints": release.keypoints,
        "closer": release.closer,
    }
    card = WeightsCard(
        name=f"lightglue-{release.front_end}-{sizes.width}x{sizes.layers}",
        network=Network.LIGHTGLUE,
        trained_on=f"{_SOURCES}; begun as {PACKAGE} (LightGlue for ALIKED, Apache-2.0)",
        command=f"{training_command('lightglue', release.run)} --layers {sizes.layers}",
        figures=_pairing_figures(net, release, folder),
        options=options,
    )
    return export_weights(release.run / "best.pt", card, folder)


def _pairing_figures(net: GlueNetwork, release: GlueRelease, folder: Path) -> dict[str, float]:
    """Return figures on held-out scenes, of the network and of nearest neighbours."""
    pool = FeaturePool.read(release.pool or release.run / "pool", "validation")
    front_end = FrontEndChoice(release.front_end, folder, release.run / "networks").open()
    held_out = validation_pairs(pool, front_end)
    trained = measure_pairing(held_out, GluePairFinder(net).find)
    nearest = measure_pairing(held_out, match_nearest)
    return {f"held_out_{name}": value for name, value in trained.items()} | {
        f"held_out_nearest_{name}": value for name, value in nearest.items()
    }


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
