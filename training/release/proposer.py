"""Releases the proposer's head."""

from pathlib import Path
from typing import Final

from matcher.crops.propose.network import ProposerNetwork
from matcher.crops.propose.proposer import CropProposer
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, Weights, WeightsEntry, read_manifest
from training.crops.propose.art import read_art_split
from training.crops.propose.metrics import measure_proposals
from training.data.sources import TrainingData
from training.loop.export import WeightsCard, add_to_manifest, export_weights
from training.release.weights_folder import find_entry, training_command

_INPUT_SIZE: Final = 480  # pixels of the longer side: what a phone sends
_SOURCES: Final = (
    "art boxes without the walks that are kept to measure with (MIT); beverage3 (CC BY 4.0); "
    "Grocery Store Dataset catalog pictures without the 8 left-out cartons and without every "
    "fourth product (MIT); Amazon Picking Challenge catalog pictures (BSD-3); Clothing dataset "
    "(CC0); BoofCV photos (CC BY 4.0); drawn rooms, house fronts, mosaics and murals; on the "
    "features of imagenet-efficientnet-lite0, which stay as published"
)


def release_proposer(data: TrainingData, run: Path, runtime: Runtime, folder: Path) -> WeightsEntry:
    """Measure the best head of a run on the kept pictures of art, and write it.

    Raises:
        TrainingError: the run or the data folder is not complete, or the folder lists no features.
        WeightsError: the features' package is missing or another one.
    """
    card = WeightsCard(
        name="proposer",
        network=Network.PROPOSER,
        trained_on=_SOURCES,
        command=training_command("proposer", run),
        figures={},
        options={"input_size": _INPUT_SIZE},
    )
    entry = export_weights(run / "best.pt", card, folder)
    manifest = read_manifest(folder)
    features = runtime.load(manifest.weights(find_entry(folder, Network.IMAGE_FEATURES).name))
    head = runtime.load(Weights(Network.PROPOSER, folder / entry.file, entry.sha256, entry.options))
    proposer = CropProposer(ProposerNetwork(features, head))
    figures = measure_proposals(proposer, read_art_split(data.root).kept)
    measured = WeightsCard(
        card.name, card.network, card.trained_on, card.command, figures, card.options
    )
    return add_to_manifest(folder / entry.file, measured, folder)
