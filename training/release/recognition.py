"""Releases the detector, the embedder with its colours, and the decision."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from matcher.networks.resnet import EmbeddingNet
from matcher.networks.weights import Network, WeightsEntry
from matcher.networks.yolo import build_yolov5n
from matcher.retrieval.colour_layout import ColourBasis, read_colour_basis
from matcher.retrieval.untrained import ColourEmbedder
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData
from training.detector.data import read_held_out_sets
from training.detector.train import INPUT_SIDE, LARGEST_SIDE, measure_detector
from training.embedder.metrics import Embed, read_held_out_set
from training.embedder.train import embed_crops, view_side
from training.loop.checkpoint import load_checkpoint
from training.loop.export import WeightsCard, add_to_manifest, export_weights
from training.release.assess import (
    concatenate_embeddings,
    measure_carton_retrieval,
    measure_recall_in_shops,
)
from training.release.weights_folder import (
    GROCERY,
    find_entry,
    load_listed_weights,
    training_command,
)

_FIGURES: Final = ("carton_top1", "carton_top5", "carton_top10")
# Low: a proposal that is no product costs time only, a product that is not proposed is lost.
_CONFIDENCE: Final = 0.03
# Of boxes fused from two passes (`matcher.detection.augmented`): about as many as one pass gives.
_TOGETHER: Final = 0.025
# Mean cosine of parts with the whole: 0.8 for heaps, 0.6 for photos of packs (medians).
_HEAPS_FROM: Final = 0.6
# Of the features' squared length, where the network's and the colours' are 1: held-out cartons,
# prints and household goods are found best so.
_FEATURES_WEIGHT: Final = 2.0
_PHOTOS: Final = f"{GROCERY} (MIT), on features of the published EfficientNet-lite0 (Apache-2.0)"
_SOURCES: Final = (
    f"{GROCERY} and without every fourth product but produce (MIT); Amazon Picking Challenge "
    "catalog pictures and clutter (BSD-3); beverage3 (CC BY 4.0); art boxes (MIT); Clothing "
    "dataset (CC0); BoofCV photos (CC BY 4.0); invented prints"
)
_GOODS: Final = (
    f"{GROCERY} (MIT); Amazon Picking Challenge catalog pictures and clutter (BSD-3); Clothing "
    "dataset (CC0); BoofCV photos (CC BY 4.0); invented prints"
)
_WORDS: Final = (
    f"{GROCERY} (MIT); beverage3 (CC BY 4.0); art boxes (MIT); Clothing dataset (CC0); BoofCV "
    "photos (CC BY 4.0); invented prints"
)


def release_detector(data: TrainingData, run: Path, folder: Path) -> WeightsEntry:
    """Measure the best network of a run on held-out and on shop pictures, and write it.

    Raises:
        TrainingError: the run or the data folder is not complete.
    """
    net = build_yolov5n()
    net.load_state_dict(load_checkpoint(run / "best.pt", "cpu")["net"])
    sets = read_held_out_sets(data, locate_cartons(data, run / "located.json"))
    held_out = measure_detector(net, sets, "cpu")
    card = WeightsCard(
        name="detector-yolov5n",
        network=Network.DETECTOR,
        trained_on=_SOURCES,
        command=training_command("detector", run),
        figures={f"held_out_{name}": value for name, value in held_out.items()}
        | measure_recall_in_shops(net, data),
        options={
            "input_size": INPUT_SIDE,
            "largest_input": LARGEST_SIDE,
            "confidence": _CONFIDENCE,
            "two_looks": _TOGETHER,
        },
    )
    return export_weights(run / "best.pt", card, folder)


def release_embedder(data: TrainingData, run: Path, folder: Path) -> WeightsEntry:
    """Measure the last network of a run beside the folder's detector and colours, and write it.

    Raises:
        TrainingError: the run or the data folder is not complete, or the weights folder has no
            detector or no colours.
        WeightsError: these cannot be read.
    """
    net, detector = EmbeddingNet(), build_yolov5n()
    net.load_state_dict(load_checkpoint(run / "best.pt", "cpu")["net"])
    load_listed_weights(detector, folder, Network.DETECTOR)
    colours = read_colour_basis(folder / find_entry(folder, Network.COLOURS).file)
    card = WeightsCard(
        name="embedder-resnet34",
        network=Network.EMBEDDER,
        trained_on=_SOURCES,
        command=training_command("embedder", run),
        figures=_embedder_figures(net, detector, colours, data, run),
        options={"input_size": view_side(1.0), "squeeze": 1, "heaps": _HEAPS_FROM},
    )
    return export_weights(run / "best.pt", card, folder)


def _embedder_figures(
    net: nn.Module, detector: nn.Module, colours: ColourBasis, data: TrainingData, run: Path
) -> dict[str, float]:
    """Measure the network, the colours, both side by side as they serve, and the baseline."""

    def embed(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return embed_crops(net, crops, side=view_side(1.0))

    methods: dict[str, Embed] = {
        "network": embed,
        "colours": colours.vectors,
        "both": concatenate_embeddings(embed, colours.vectors),
    }
    held_out = read_held_out_set(data, locate_cartons(data, run / "located.json"))
    figures = {
        f"held_out_{method}_{name}": value
        for method, embedding in {**methods, "baseline": ColourEmbedder().embed}.items()
        for name, value in held_out.measure(embedding).items()
        if name in _FIGURES
    }
    evaluated = measure_carton_retrieval(data, methods, detector)
    return figures | {name: value for name, value in evaluated.items() if "top" in name}


def release_colours(file: Path, folder: Path) -> WeightsEntry:
    """Copy the axes; their figures stand with the embedder's, beside which they are served."""
    command = "skulens train colours --data DIR --out colours.safetensors"
    card = WeightsCard("colours", Network.COLOURS, _SOURCES, command, figures={}, options={})
    return _release_table(file, "colours.safetensors", card, folder)


def release_features(file: Path, folder: Path) -> WeightsEntry:
    """Copy the axes of ImageNet's features, with the weight that they have beside the network."""
    command = "skulens train features --data DIR --out feature-axes.safetensors"
    options = {"weight": _FEATURES_WEIGHT}
    card = WeightsCard("feature-axes", Network.FEATURE_AXES, _PHOTOS, command, {}, options)
    return _release_table(file, "feature-axes.safetensors", card, folder)


def release_codebook(file: Path, folder: Path) -> WeightsEntry:
    """Copy the codebook of keypoints; its figures are those of `skulens bench votes`."""
    command = "skulens train keypoint-codebook --data DIR --out keypoint-codebook.safetensors"
    card = WeightsCard(
        "keypoint-codebook", Network.KEYPOINT_CODEBOOK, _WORDS, command, figures={}, options={}
    )
    return _release_table(file, "keypoint-codebook.safetensors", card, folder)


def release_decision(file: Path, folder: Path) -> WeightsEntry:
    """Copy the decision's weights; their figures are those of `skulens bench recognition`."""
    command = (
        "skulens train decision --data DIR --out decision.json --photos 14; "
        "skulens train tracks --data DIR --decision decision.json --out decision.json"
    )
    card = WeightsCard("decision", Network.DECISION, _GOODS, command, figures={}, options={})
    return _release_table(file, "decision.json", card, folder)


def _release_table(file: Path, name: str, card: WeightsCard, folder: Path) -> WeightsEntry:
    path = folder / name
    path.write_bytes(file.read_bytes())
    return add_to_manifest(path, card, folder)
