"""Validation of embeddings."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.retrieval.untrained import ColourEmbedder
from training.data.carton_boxes import locate_cartons
from training.data.sources import TrainingData
from training.embedder.metrics import RetrievalQuery, RetrievalSet, read_held_out_set


def solid(*colour: int) -> NDArray[np.uint8]:
    return np.full((40, 30, 3), colour, np.uint8)


def test_figures_count_ranks() -> None:
    colours = [solid(220, 10, 10), solid(10, 220, 10), solid(10, 10, 220)]
    queries = (
        RetrievalQuery(solid(200, 10, 10), "red"),
        RetrievalQuery(solid(10, 10, 200), "red"),
    )
    figures = RetrievalSet(("red", "green", "blue"), tuple(colours), queries).measure(
        ColourEmbedder().embed
    )
    assert figures["carton_top1"] == 0.5
    assert figures["carton_top5"] == 1.0


def test_where_nothing_is_held_out_there_are_no_figures() -> None:
    nothing = RetrievalSet(("red",), (solid(220, 10, 10),), ())
    assert nothing.measure(ColourEmbedder().embed) == {}


def test_only_held_out_products_are_queries(tiny_data: Path, tmp_path: Path) -> None:
    data = TrainingData.open(tiny_data)
    located = locate_cartons(data, tmp_path / "located.json")
    queried = {query.product for query in read_held_out_set(data, located).queries}
    assert queried <= {"Tropicana-Golden-Grapefruit"}
    again = locate_cartons(data, tmp_path / "located.json")
    assert set(again) == set(located)
