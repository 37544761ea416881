from pathlib import Path

import pytest

from matcher.networks.yolo import build_yolov5n
from matcher.retrieval.untrained import ColourEmbedder
from training.data.sources import TrainingData, read_rgb
from training.release.assess import (
    concatenate_embeddings,
    measure_carton_retrieval,
    measure_recall_in_shops,
)


def test_left_out_cartons_are_reported_apart(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    figures = measure_carton_retrieval(data, {"again": ColourEmbedder().embed}, detector=None)
    assert figures["again_known_carton_top1"] == figures["baseline_known_carton_top1"]
    assert 0 <= figures["baseline_left_out_carton_top1"] <= 1


def test_a_detector_may_cut_the_queries(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    figures = measure_carton_retrieval(data, {}, build_yolov5n())
    assert figures["baseline_known_carton_top10"] == 1.0  # of five products


def test_shop_pictures_are_measured(tiny_data: Path) -> None:
    figures = measure_recall_in_shops(build_yolov5n(), TrainingData.open(tiny_data))
    assert figures["freiburg_recall"] <= figures["freiburg_recall_any_confidence"] <= 1


def test_two_embeddings_side_by_side_are_of_unit_length(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    both = concatenate_embeddings(ColourEmbedder().embed, ColourEmbedder().embed)
    vectors = both([read_rgb(data.iconic("Pear"), 100)])
    assert float((vectors**2).sum()) == pytest.approx(1, abs=1e-5)
