"""YOLOv5's decoding and suppression against torch, and boxes in picture pixels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.detection.detector import DetectorSettings, YoloDetector, decode, suppress_overlaps
from matcher.imaging.box import Box
from matcher.imaging.resize import to_planes
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Array, LoadedNetwork, Runtime
from matcher.networks.weights import Network, Weights
from matcher.results import Detection

Files = dict[Network, Weights]
EVERYTHING = DetectorSettings(input_size=320, confidence=0.3, limit=30)


class OneBox:
    """A network that sees one box, given in pixels of its own input."""

    def __init__(self, box: Box | None) -> None:
        self.box = box
        self.shape: tuple[int, ...] = ()

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        self.shape = inputs[0].shape
        rows, columns = self.shape[2] // 8, self.shape[3] // 8
        raw = np.zeros((1, 65, rows * columns * 21 // 16), dtype=np.float32)
        raw[:, 64] = -20.0
        if self.box is not None:
            x = int((self.box.left + self.box.right) / 2 // 8)
            y = int((self.box.top + self.box.bottom) / 2 // 8)
            place = y * columns + x
            raw[0, 64, place] = 3.0
            distances = (
                (x + 0.5) - self.box.left / 8,
                (y + 0.5) - self.box.top / 8,
                self.box.right / 8 - (x + 0.5),
                self.box.bottom / 8 - (y + 0.5),
            )
            for side, distance in enumerate(distances):
                whole = int(distance)
                bins = np.full(16, -50.0)
                bins[whole] = np.log(max(1 - (distance - whole), 1e-9))
                bins[whole + 1] = np.log(max(distance - whole, 1e-9))
                raw[0, 16 * side : 16 * side + 16, place] = bins
        return (raw,)


def network_of(function: OneBox, weights: Weights) -> LoadedNetwork:
    return LoadedNetwork(weights, {"detect": function}, {})


@pytest.fixture
def weights(random_weights: Files) -> Weights:
    return random_weights[Network.DETECTOR]


def test_boxes_and_confidences_are_those_of_ultralytics(
    weights: Weights, photo: NDArray[np.uint8]
) -> None:
    import torch

    from matcher.networks.graphs import load_bundle

    module = load_bundle(weights).graphs[0].module.get_submodule("model")
    picture = torch.from_numpy(to_planes(photo[None, :96, :160]))
    with torch.inference_mode():
        expected, maps = module(picture)
        raw = torch.cat([maps["boxes"], maps["scores"]], dim=1)

    boxes, confidences = decode(raw[0].numpy(), (96, 160), 1e-9)

    x, y, width, height, confidence = expected[0].numpy()
    corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    np.testing.assert_allclose(boxes, np.stack(corners, axis=1), atol=1e-3)
    np.testing.assert_allclose(confidences, confidence, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(count=st.integers(0, 60), seed=st.integers(0, 999), overlap=st.floats(0.1, 0.9))
def test_suppression_is_that_of_torchvision(count: int, seed: int, overlap: float) -> None:
    import torch
    from torchvision.ops import nms

    generator = np.random.default_rng(seed)
    corner = generator.random((count, 2)) * 100
    boxes = np.concatenate([corner, corner + generator.random((count, 2)) * 60 + 1], axis=1)
    boxes = boxes.astype(np.float32)
    confidences = generator.permutation(count).astype(np.float32) / max(count, 1)

    kept = suppress_overlaps(boxes, confidences, overlap, limit=1000)

    expected = nms(torch.from_numpy(boxes), torch.from_numpy(confidences), overlap)
    assert kept.tolist() == expected.tolist()


@pytest.mark.parametrize("shape", [(200, 300, 3), (300, 200, 3), (50, 640, 3), (640, 640, 3)])
def test_a_box_comes_back_in_picture_pixels(weights: Weights, shape: tuple[int, int, int]) -> None:
    scale = 320 / max(shape[:2])
    inner = (round(shape[1] * scale), round(shape[0] * scale))
    padded = tuple(-(-side // 32) * 32 for side in inner)
    left, top = (padded[0] - inner[0]) // 2, (padded[1] - inner[1]) // 2
    wanted = Box(0.2 * shape[1], 0.1 * shape[0], 0.5 * shape[1], 0.4 * shape[0])
    seen = OneBox(
        Box(
            wanted.left * inner[0] / shape[1] + left,
            wanted.top * inner[1] / shape[0] + top,
            wanted.right * inner[0] / shape[1] + left,
            wanted.bottom * inner[1] / shape[0] + top,
        )
    )
    detector = YoloDetector(network_of(seen, weights), DetectorSettings(input_size=320))

    (found,) = detector.detect(np.zeros(shape, dtype=np.uint8))

    assert seen.shape == (1, 3, padded[1], padded[0])
    assert found.confidence == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-5)
    for actual, expected in zip(
        (found.box.left, found.box.top, found.box.right, found.box.bottom),
        (wanted.left, wanted.top, wanted.right, wanted.bottom),
        strict=True,
    ):
        assert actual == pytest.approx(expected, abs=0.05)


def test_nothing_found_is_an_empty_answer(weights: Weights) -> None:
    detector = YoloDetector(network_of(OneBox(None), weights))

    assert detector.detect(np.zeros((100, 100, 3), dtype=np.uint8)) == ()


def test_a_box_beyond_the_picture_is_cut_and_one_in_the_padding_is_dropped(
    weights: Weights,
) -> None:
    picture = np.zeros((160, 320, 3), dtype=np.uint8)
    settings = DetectorSettings(input_size=320)
    over = YoloDetector(network_of(OneBox(Box(-40, 20, 60, 90)), weights), settings)
    (found,) = over.detect(picture)
    assert found.box.left == 0

    flat = np.zeros((40, 320, 3), dtype=np.uint8)
    outside = YoloDetector(network_of(OneBox(Box(80, 0, 160, 10)), weights), settings)
    assert [detection for detection in outside.detect(flat) if detection.box.bottom > 40] == []


@pytest.mark.parametrize(
    ("longest", "side"), [(40, 256), (720, 256), (1200, 300), (1280, 320), (4000, 320)]
)
def test_a_large_picture_is_seen_larger_for_it_may_show_small_things(
    longest: int, side: int
) -> None:
    assert DetectorSettings(input_size=256, largest_input=320).side_for(longest) == side
    assert DetectorSettings(input_size=256).side_for(longest) == 256


def test_the_network_is_given_the_size_that_befits_the_picture(weights: Weights) -> None:
    seen = OneBox(None)
    options = {"input_size": 256.0, "largest_input": 320.0}
    chosen = Weights(weights.network, weights.path, weights.sha256, options)
    detector = YoloDetector(network_of(seen, chosen))
    shapes = []
    for height, width in ((300, 400), (720, 1280)):
        detector.detect(np.zeros((height, width, 3), dtype=np.uint8))
        shapes.append(seen.shape)
    assert shapes == [(1, 3, 192, 256), (1, 3, 192, 320)]


def test_settings_come_with_the_weights(weights: Weights) -> None:
    chosen = Weights(weights.network, weights.path, weights.sha256, {"input_size": 416.0})

    assert YoloDetector(network_of(OneBox(None), chosen)).settings.input_size == 416


def test_detections_are_ordered_and_inside(
    weights: Weights, openvino: OpenVinoRuntime, photo: NDArray[np.uint8]
) -> None:
    found = YoloDetector(openvino.load(weights), EVERYTHING).detect(photo)

    assert 1 < len(found) <= EVERYTHING.limit
    confidences = [detection.confidence for detection in found]
    assert confidences == sorted(confidences, reverse=True)
    for detection in found:
        assert detection.box == detection.box.clipped(photo.shape[1], photo.shape[0])


def test_the_fast_detector_finds_what_the_reference_finds(
    weights: Weights,
    openvino: OpenVinoRuntime,
    reference: Runtime,
    photo: NDArray[np.uint8],
) -> None:
    fast = YoloDetector(openvino.load(weights), EVERYTHING).detect(photo)
    exact = YoloDetector(reference.load(weights), EVERYTHING).detect(photo)

    def best(wanted: Detection) -> float:
        return max(wanted.box.iou(detection.box) for detection in fast)

    overlaps = [best(detection) for detection in exact[:10]]
    assert np.median(overlaps) > 0.95


def test_a_picture_of_one_pixel_is_looked_at(weights: Weights, openvino: OpenVinoRuntime) -> None:
    settings = DetectorSettings(input_size=64, confidence=0.001)
    found = YoloDetector(openvino.load(weights), settings).detect(
        np.zeros((1, 1, 3), dtype=np.uint8)
    )

    assert all(detection.box.right <= 1 for detection in found)
