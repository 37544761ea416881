"""Two looks at a photo, and one box for what both see."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from api.cli.bench.labelled import detectors_under_test
from api.models.loading import Networks, build_pipeline
from matcher.decision.decision import Decision
from matcher.decision.fit import read_weights
from matcher.detection.augmented import AugmentedDetector, augment_for_photos, fuse_boxes
from matcher.detection.detector import DetectorSettings, YoloDetector
from matcher.detection.proposals import PrintDetector
from matcher.imaging.box import Box
from matcher.keypoints.ratio_test import NearestNeighbourMatcher
from matcher.networks.runtime import Array
from matcher.networks.weights import Network, Weights
from matcher.results import Detection
from matcher.retrieval.untrained import ColourEmbedder
from matcher.verification.comparator import PlainComparator
from tests.matcher.detection.test_detector import OneBox, network_of
from tests.matcher.prints import WEIGHTS, MemoryCatalog, root_sift

SETTINGS = DetectorSettings(input_size=160, confidence=0.3)


class WhiteBox(OneBox):
    """A network that sees what is white, wherever it is."""

    def __init__(self) -> None:
        super().__init__(None)
        self.sides: list[int] = []

    @override
    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        white = np.asarray(inputs[0])[0].min(axis=0) > 0.9
        rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
        self.box = None
        if len(rows):
            self.box = Box(columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
        self.sides.append(max(inputs[0].shape[2:]))
        return super().__call__(*inputs)


@pytest.fixture
def weights(random_weights: dict[Network, Weights]) -> Weights:
    return replace(random_weights[Network.DETECTOR], options={"two_looks": 0.02})


def picture(white: Box | None) -> NDArray[np.uint8]:
    image = np.full((160, 160, 3), 40, np.uint8)
    if white is not None:
        rows = slice(int(white.top), int(white.bottom))
        image[rows, int(white.left) : int(white.right)] = 255
    return image


def one(left: float, confidence: float) -> Detection:
    return Detection(Box(left, 0, left + 10, 10), confidence)


def test_what_both_looks_see_is_one_box_at_its_place(weights: Weights) -> None:
    network, there = WhiteBox(), Box(24, 40, 64, 96)
    looks = AugmentedDetector(YoloDetector(network_of(network, weights), SETTINGS), 0.3)
    (found,) = looks.detect(picture(there))
    assert found.box.iou(there) > 0.9
    assert found.confidence == pytest.approx(1 / (1 + np.exp(-3.0)), abs=1e-4)
    assert network.sides == [160, 128]  # three quarters of 160, padded to what strides ask for


def test_nothing_seen_gives_nothing(weights: Weights) -> None:
    looks = AugmentedDetector(YoloDetector(network_of(WhiteBox(), weights), SETTINGS), 0.3)
    assert looks.detect(picture(None)) == ()


def test_a_box_of_both_looks_lies_between_them_nearer_to_the_surer() -> None:
    (both,) = fuse_boxes([[one(0, 0.9)], [one(2, 0.3)]], 0.6)
    assert both.box.left == pytest.approx(0.5)
    assert both.confidence == pytest.approx(0.6)


def test_what_one_look_alone_sees_is_half_as_sure() -> None:
    found = fuse_boxes([[one(0, 0.8), one(50, 0.6)], [one(50, 0.6)]], 0.6)
    assert [box.confidence for box in found] == pytest.approx([0.6, 0.4])
    assert [detection.box.left for detection in found] == [50, 0]


def test_of_one_look_only_the_surest_box_of_a_thing_counts() -> None:
    (found,) = fuse_boxes([[one(0, 0.8), one(1, 0.7)], []], 0.6)
    assert found == one(0, 0.4)


def test_where_nothing_overlaps_enough_every_box_stays() -> None:
    found = fuse_boxes([[one(0, 0.8)], [one(0, 0.8)]], 1.0)
    assert [box.confidence for box in found] == [0.4, 0.4]


def test_two_looks_that_see_nothing_are_nothing() -> None:
    assert fuse_boxes([[], []], 0.6) == []


def test_photos_get_two_looks_where_the_weights_ask_for_them(weights: Weights) -> None:
    detector = YoloDetector(network_of(WhiteBox(), weights), SETTINGS)
    photos = augment_for_photos(detector)
    assert isinstance(photos, AugmentedDetector)
    assert photos.confidence == 0.02
    names = [variant.name for variant in detectors_under_test(detector)]
    assert names == ["skulens, photos", "skulens, frames", "training-free proposals"]


def test_without_it_photos_are_seen_as_frames_are(weights: Weights) -> None:
    plain = YoloDetector(network_of(WhiteBox(), replace(weights, options={})), SETTINGS)
    assert augment_for_photos(plain) is plain
    assert len(detectors_under_test(plain)) == 2
    proposals = PrintDetector()
    assert augment_for_photos(proposals) is proposals


def test_a_frame_is_looked_at_once_and_a_photo_twice(weights: Weights) -> None:
    network = WhiteBox()
    networks = Networks(
        YoloDetector(network_of(network, weights), SETTINGS),
        ColourEmbedder(),
        root_sift(),
        NearestNeighbourMatcher(),
        PlainComparator(),
    )
    finder = build_pipeline(networks, Decision(read_weights(WEIGHTS / "decision.json"), 0.8))
    finder.detect(picture(None))
    assert network.sides == [160]
    network.sides.clear()
    finder.identify(picture(None), MemoryCatalog({}))
    assert network.sides == [160, 128]
