"""Measures finished runs and puts their best networks into the weights folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from matcher.colour_embedder import ColourEmbedder
from matcher.colours import read_colours
from matcher.resnet import EmbeddingNet
from matcher.weights import Network, WeightsEntry
from matcher.yolo import build_yolov5n
from training import detector as detecting
from training.assess import recall_in_shops, retrieval_of_cartons, together
from training.checkpoint import load_checkpoint
from training.data import TrainingData
from training.detection_data import held_out_sets
from training.embedder import embed_with, picture_side
from training.export import Card, export, listed
from training.located import locate_cartons
from training.progress import read
from training.retrieval import Embed, held_out_set

_FIGURES: Final = ("carton_top1", "carton_top5", "carton_top10", "produce_top1", "produce_top10")
# Low: a proposal that is no product costs time only, a product that is not proposed is lost.
_CONFIDENCE: Final = 0.03
_SOURCES: Final = (
    "Grocery Store Dataset train photos and catalog pictures without the 8 left-out cartons and "
    "without every fourth product (MIT); Amazon Picking Challenge catalog pictures and clutter "
    "(BSD-3); beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); BoofCV photos "
    "(CC BY 4.0); invented prints"
)


@dataclass(frozen=True, slots=True)
class Runs:
    """Finished runs, by the folders they wrote.

    Attributes:
        data: the data folder.
        detector: the detector's run.
        embedder: the embedder's run.
        colours: what `skulens train colours` wrote.
    """

    data: Path
    detector: Path
    embedder: Path
    colours: Path


def ship(runs: Runs, folder: Path) -> tuple[WeightsEntry, WeightsEntry, WeightsEntry]:
    """Measure both networks and the colours; write their weights and manifest entries.

    Blocks for minutes: hundreds of photos through both networks.

    Raises:
        TrainingError: a checkpoint or the data folder is not complete.
        WeightsError: the colours cannot be read.
    """
    data = TrainingData.open(runs.data)
    detector, embedder = build_yolov5n(), EmbeddingNet()
    detector.load_state_dict(load_checkpoint(runs.detector / "best.pt", "cpu")["net"])
    embedder.load_state_dict(load_checkpoint(runs.embedder / "best.pt", "cpu")["net"])
    return (
        export(runs.detector / "best.pt", Card(
            name="detector-yolov5n",
            network=Network.DETECTOR,
            trained_on=_SOURCES,
            command=command_of("detector", runs.detector),
            figures=_detector_figures(detector, data, runs.detector),
            options={
                "input_size": detecting.INPUT_SIDE,
                "largest_input": detecting.LARGEST_SIDE,
                "confidence": _CONFIDENCE,
            },
        ), folder),
        export(runs.embedder / "best.pt", Card(
            name="embedder-resnet34",
            network=Network.EMBEDDER,
            trained_on=_SOURCES,
            command=command_of("embedder", runs.embedder),
            figures=_embedder_figures(embedder, detector, data, runs),
            options={"input_size": picture_side(1.0), "squeeze": 1},
        ), folder),
        _ship_colours(runs.colours, folder),
    )  # fmt: skip


def _ship_colours(file: Path, folder: Path) -> WeightsEntry:
    """Their figures stand with the embedder's, beside which they are served."""
    path = folder / "colours.safetensors"
    path.write_bytes(file.read_bytes())
    card = Card(
        name="colours",
        network=Network.COLOURS,
        trained_on=_SOURCES,
        command="skulens train colours --data DIR --out colours.safetensors",
        figures={},
        options={},
    )
    return listed(path, card, folder)


def command_of(network: str, out: Path) -> str:
    """What makes such weights again, with the minutes that the run's log tells of."""
    reports = read(out / "progress.jsonl")
    minutes = reports[-1].minutes if reports else 0.0
    return f"skulens train {network} --data DIR --out DIR --minutes {minutes:.0f}"


def _detector_figures(net: nn.Module, data: TrainingData, out: Path) -> dict[str, float]:
    sets = held_out_sets(data, locate_cartons(data, out / "located.json"))
    held_out = detecting.measure(net, sets, "cpu")
    return {f"held_out_{name}": value for name, value in held_out.items()} | recall_in_shops(
        net, data
    )


def _embedder_figures(
    net: nn.Module, detector: nn.Module, data: TrainingData, runs: Runs
) -> dict[str, float]:
    """The network, the colours, both side by side as they are served, and without training."""

    def own(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return embed_with(net, crops, side=picture_side(1.0))

    colours = read_colours(runs.colours)
    methods: dict[str, Embed] = {
        "network": own,
        "colours": colours.vectors,
        "both": together(own, colours.vectors),
    }
    held_out = held_out_set(data, locate_cartons(data, runs.embedder / "located.json"))
    figures = {
        f"held_out_{method}_{name}": value
        for method, way in {**methods, "baseline": ColourEmbedder().embed}.items()
        for name, value in held_out.measure(way).items()
        if name in _FIGURES
    }
    asked = retrieval_of_cartons(data, methods, detector)
    return figures | {name: value for name, value in asked.items() if "top" in name}
