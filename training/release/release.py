"""Measures finished runs and puts their best networks into the weights folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, WeightsEntry, load_weights, read_manifest
from matcher.networks.yolo import build_yolov5n
from matcher.retrieval.colour_layout import ColourBasis, read_colour_basis
from matcher.retrieval.untrained import ColourEmbedder
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData
from training.detector import train as detecting
from training.detector.data import read_held_out_sets
from training.embedder.metrics import Embed, read_held_out_set
from training.embedder.train import embed_crops, view_side
from training.errors import TrainingError
from training.loop.checkpoint import load_checkpoint
from training.loop.export import WeightsCard, add_to_manifest, export_weights
from training.loop.progress import read_progress
from training.release.assess import (
    concatenate_embeddings,
    measure_carton_retrieval,
    measure_recall_in_shops,
)

_FIGURES: Final = ("carton_top1", "carton_top5", "carton_top10")
# Low: a proposal that is no product costs time only, a product that is not proposed is lost.
_CONFIDENCE: Final = 0.03
# Of two looks at a photo (`matcher.detection.augmented`): about as many boxes as one look gives.
_TOGETHER: Final = 0.025
# Mean cosine of parts with the whole: 0.8 for heaps, 0.6 for photos of packs (medians).
_HEAPS_FROM: Final = 0.6
_CARTONS: Final = (
    "Grocery Store Dataset train photos and catalog pictures without the 8 left-out cartons (MIT)"
)
_SOURCES: Final = (
    "Grocery Store Dataset train photos and catalog pictures without the 8 left-out cartons and "
    "without every fourth product but produce (MIT); Amazon Picking Challenge catalog pictures and "
    "clutter (BSD-3); beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); BoofCV "
    "photos (CC BY 4.0); invented prints"
)


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """Finished runs, by the folders they wrote.

    Attributes:
        data: the data folder.
        detector: the detector's run; None to leave the one that the weights folder has.
        embedder: the embedder's run; likewise.
        colours: what `skulens train colours` wrote; likewise.
        decision: what `skulens train decision` wrote; likewise. It fits the networks that it was
            fitted with, so it comes last.
    """

    data: Path
    detector: Path | None = None
    embedder: Path | None = None
    colours: Path | None = None
    decision: Path | None = None


def release_networks(runs: FinishedRuns, folder: Path) -> tuple[WeightsEntry, ...]:
    """Measure what the runs made; write its weights and manifest entries.

    Blocks for minutes: hundreds of photos through the networks.

    Raises:
        TrainingError: a checkpoint or the data folder is not complete, or the embedder's figures
            need a detector and colours, and the folder has none either.
        WeightsError: weights cannot be read.
    """
    data = TrainingData.open(runs.data)
    shipped = []
    if runs.detector:
        shipped.append(_ship_detector(runs.detector, data, folder))
    if runs.colours:
        shipped.append(_ship_colours(runs.colours, folder))
    if runs.embedder:
        shipped.append(_ship_embedder(runs.embedder, data, folder))
    if runs.decision:
        shipped.append(_ship_decision(runs.decision, folder))
    return tuple(shipped)


def _ship_detector(run: Path, data: TrainingData, folder: Path) -> WeightsEntry:
    detector = build_yolov5n()
    detector.load_state_dict(load_checkpoint(run / "best.pt", "cpu")["net"])
    options = {
        "input_size": detecting.INPUT_SIDE,
        "largest_input": detecting.LARGEST_SIDE,
        "confidence": _CONFIDENCE,
        "two_looks": _TOGETHER,
    }
    card = WeightsCard(
        name="detector-yolov5n",
        network=Network.DETECTOR,
        trained_on=_SOURCES,
        command=training_command("detector", run),
        figures=_detector_figures(detector, data, run),
        options=options,
    )
    return export_weights(run / "best.pt", card, folder)


def _ship_embedder(run: Path, data: TrainingData, folder: Path) -> WeightsEntry:
    """Its figures are with the detector and the colours that the folder has by now."""
    embedder, detector = EmbeddingNet(), build_yolov5n()
    embedder.load_state_dict(load_checkpoint(run / "best.pt", "cpu")["net"])
    load_listed_weights(detector, folder, Network.DETECTOR)
    colours = read_colour_basis(folder / find_entry(folder, Network.COLOURS).file)
    card = WeightsCard(
        name="embedder-resnet34",
        network=Network.EMBEDDER,
        trained_on=_SOURCES,
        command=training_command("embedder", run),
        figures=_embedder_figures(embedder, detector, colours, data, run),
        options={"input_size": view_side(1.0), "squeeze": 1, "heaps": _HEAPS_FROM},
    )
    return export_weights(run / "best.pt", card, folder)


def find_entry(folder: Path, network: Network) -> WeightsEntry:
    """What a weights folder has for a network.

    Raises:
        TrainingError: nothing.
        WeightsError: its manifest cannot be read.
    """
    entries = read_manifest(folder).of_network(network)
    if not entries:
        raise TrainingError(f"{folder} has no {network} yet: ship one, too")
    return entries[0]


def load_listed_weights(net: nn.Module, folder: Path, network: Network) -> None:
    """Fill a network with the weights that a folder has for it."""
    entry = find_entry(folder, network)
    load_weights(net, folder / entry.file, entry.sha256)


def _ship_colours(file: Path, folder: Path) -> WeightsEntry:
    """Their figures stand with the embedder's, beside which they are served."""
    command = "skulens train colours --data DIR --out colours.safetensors"
    card = WeightsCard("colours", Network.COLOURS, _SOURCES, command, figures={}, options={})
    return _ship_table(file, "colours.safetensors", card, folder)


def _ship_decision(file: Path, folder: Path) -> WeightsEntry:
    """Its figures are those of `skulens bench recognition`."""
    command = "skulens train decision --data DIR --out decision.json --photos 14"
    card = WeightsCard("decision", Network.DECISION, _CARTONS, command, figures={}, options={})
    return _ship_table(file, "decision.json", card, folder)


def _ship_table(file: Path, name: str, card: WeightsCard, folder: Path) -> WeightsEntry:
    path = folder / name
    path.write_bytes(file.read_bytes())
    return add_to_manifest(path, card, folder)


def training_command(network: str, out: Path) -> str:
    """What makes such weights again, with the minutes that the run's log tells of."""
    reports = read_progress(out / "progress.jsonl")
    minutes = reports[-1].minutes if reports else 0.0
    return f"skulens train {network} --data DIR --out DIR --minutes {minutes:.0f}"


def _detector_figures(net: nn.Module, data: TrainingData, out: Path) -> dict[str, float]:
    sets = read_held_out_sets(data, locate_cartons(data, out / "located.json"))
    held_out = detecting.measure_detector(net, sets, "cpu")
    return {
        f"held_out_{name}": value for name, value in held_out.items()
    } | measure_recall_in_shops(net, data)


def _embedder_figures(
    net: nn.Module, detector: nn.Module, colours: ColourBasis, data: TrainingData, run: Path
) -> dict[str, float]:
    """The network, the colours, both side by side as they are served, and without training."""

    def own(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return embed_crops(net, crops, side=view_side(1.0))

    methods: dict[str, Embed] = {
        "network": own,
        "colours": colours.vectors,
        "both": concatenate_embeddings(own, colours.vectors),
    }
    held_out = read_held_out_set(data, locate_cartons(data, run / "located.json"))
    figures = {
        f"held_out_{method}_{name}": value
        for method, way in {**methods, "baseline": ColourEmbedder().embed}.items()
        for name, value in held_out.measure(way).items()
        if name in _FIGURES
    }
    asked = measure_carton_retrieval(data, methods, detector)
    return figures | {name: value for name, value in asked.items() if "top" in name}
