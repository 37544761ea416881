"""Measures networks on pictures that no training may read, beside an untrained baseline.

Networks and their input sizes are chosen on held-out products; nothing is chosen by these figures.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from torch import nn

from matcher.detection.average_precision import BoxEvaluation
from matcher.imaging.box import Box
from matcher.retrieval.untrained import ColourEmbedder
from training.data.instances import catalog_subject
from training.data.sources import TrainingData, list_pictures, read_rgb, read_yolo_boxes
from training.detector.train import detect_boxes
from training.embedder.metrics import Embed, RetrievalQuery, RetrievalSet

# Pixels of the longer side.
_PHOTO_SIDE: Final = 400
_CATALOG_SIDE: Final = 260
# Confidence from which a box counts for recall.
_SURE: Final = 0.1


def measure_recall_in_shops(detector: nn.Module, data: TrainingData) -> dict[str, float]:
    """Measure on shop pictures of an unknown supermarket; many products there are not labelled."""
    folder = data.root / "eval_only" / "freiburg_boxes"
    found, truth = [], []
    for path in list_pictures(folder / "images"):
        labelled = read_yolo_boxes(path, folder / "labels" / f"{path.stem}.txt")
        found.append(detect_boxes(detector, read_rgb(path, _PHOTO_SIDE)))
        truth.append(labelled.boxes)
    evaluation = BoxEvaluation.of(found, truth)
    return {
        "freiburg_recall": BoxEvaluation.of(found, truth, _SURE).recall(),
        "freiburg_recall_any_confidence": evaluation.recall(),
        "freiburg_ap50_incomplete_labels": evaluation.average_precision(),
    }


def measure_carton_retrieval(
    data: TrainingData, methods: Mapping[str, Embed], detector: nn.Module | None
) -> dict[str, float]:
    """Find cartons of `grocery/eval` among the catalog pictures of all products.

    Left-out cartons are measured apart.

    Args:
        data: the data folder.
        methods: embeddings by name; the untrained baseline is added.
        detector: cuts the surest box out of each photo first; None to take the whole photo.
    """
    catalog = data.root / "grocery" / "catalog"
    names = tuple(folder.name for folder in list_pictures(catalog))
    references = tuple(_on_white(catalog / name / "iconic.jpg") for name in names)
    figures: dict[str, float] = {}
    for group, products in (
        ("known", [name for name in data.cartons if name not in data.left_out]),
        ("left_out", sorted(data.left_out)),
    ):
        queries = tuple(_queries(data, products, detector))
        retrieval = RetrievalSet(names, references, queries)
        for method, embed in {**methods, "baseline": ColourEmbedder().embed}.items():
            for figure, value in retrieval.measure(embed).items():
                figures[f"{method}_{group}_{figure}"] = value
    return figures


def concatenate_embeddings(first: Embed, second: Embed) -> Embed:
    """Return two embeddings side by side, each with half of the squared length."""

    def embed(crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        joined = np.concatenate([first(crops), second(crops)], axis=1)
        return np.asarray(joined / np.sqrt(2), np.float32)

    return embed


def _queries(
    data: TrainingData, products: Sequence[str], detector: nn.Module | None
) -> list[RetrievalQuery]:
    queries = []
    for product in products:
        for path in list_pictures(data.root / "grocery" / "eval" / product):
            photo = read_rgb(path, _PHOTO_SIDE)
            crop = photo if detector is None else _surest(detector, photo).crop(photo)
            queries.append(RetrievalQuery(crop, product))
    return queries


def _surest(detector: nn.Module, photo: NDArray[np.uint8]) -> Box:
    """Return the detector's first box; the whole photo where it finds none."""
    found = detect_boxes(detector, photo)
    return found[0].box if found else Box(0, 0, photo.shape[1], photo.shape[0])


def _on_white(path: Path) -> NDArray[np.uint8]:
    subject = catalog_subject(read_rgb(path, _CATALOG_SIDE))
    if subject.mask is None:
        return subject.image
    return np.where(subject.mask[..., None] > 0, subject.image, 255).astype(np.uint8)
