"""SuperPoint as a front end: places, limits, emptiness, and the storage form."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.records.product import is_valid_id
from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.superpoint import PACKED_BYTES, SuperPointFrontEnd, SuperPointSettings
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Array, LoadedNetwork, Runtime
from matcher.networks.weights import Network, Weights

Files = dict[Network, Weights]
ALL = SuperPointSettings(working_side=240, threshold=0.0)


class BrightSpots:
    """A network whose keypoints are the picture's brightest pixels."""

    def __init__(self, dimension: int = 256) -> None:
        self.dimension = dimension

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        height, width = inputs[0].shape[2] // 8, inputs[0].shape[3] // 8
        cells = inputs[0].reshape(height, 8, width, 8).transpose(1, 3, 0, 2)
        logits = np.zeros((1, 65, height, width), dtype=np.float32)
        logits[0, :64] = cells.reshape(64, height, width) * 20
        logits[0, 64] = 10
        generator = np.random.default_rng(0)
        maps = generator.normal(size=(1, self.dimension, height, width)).astype(np.float32)
        return logits, maps


@pytest.fixture
def weights(random_weights: Files) -> Weights:
    return random_weights[Network.SUPERPOINT]


def front_end(
    weights: Weights, settings: SuperPointSettings, dimension: int = 256
) -> SuperPointFrontEnd:
    functions = {"extract": BrightSpots(dimension)}
    network = LoadedNetwork(weights, functions, {"descriptors": float(dimension)})
    return SuperPointFrontEnd(network, settings)


def spotted(size: tuple[int, int], spots: list[tuple[int, int]], radius: int) -> NDArray[np.uint8]:
    picture = np.zeros((size[1], size[0], 3), dtype=np.uint8)
    for spot in spots:
        cv2.circle(picture, spot, radius, (255, 255, 255), -1)
    return cv2.GaussianBlur(picture, (0, 0), radius).astype(np.uint8)


@pytest.mark.parametrize("size", [(240, 240), (200, 120), (90, 170), (900, 700)])
def test_points_are_in_picture_pixels_whatever_the_working_size(
    weights: Weights, size: tuple[int, int]
) -> None:
    spots = [(size[0] // 4, size[1] // 3), (size[0] * 3 // 4, size[1] // 2)]
    picture = spotted(size, spots, radius=max(size) // 60 + 1)
    extractor = front_end(weights, SuperPointSettings(working_side=240, threshold=0.02))

    found = extractor.extract(picture, limit=2)

    assert (found.width, found.height) == size
    for spot in spots:
        nearest = np.abs(found.points - np.array(spot)).max(axis=1).min()
        assert nearest <= 1 + max(size) / 240
    expected = 32 * max(max(size) / 240, 0.5)
    np.testing.assert_allclose(found.scales, expected, rtol=0.02)


def test_features_are_valid_strongest_first_and_limited(
    weights: Weights, openvino: OpenVinoRuntime, photo: NDArray[np.uint8]
) -> None:
    extractor = SuperPointFrontEnd(openvino.load(weights), ALL)

    found = extractor.extract(photo, limit=50)

    assert len(found) == 50
    assert found.descriptors.shape == (50, 32)
    for part in (found.points, found.scales, found.angles, found.scores, found.descriptors):
        assert part.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.descriptors, axis=1), 1, atol=1e-5)
    assert (np.diff(found.scores) <= 0).all()
    assert (found.points >= 0).all()
    assert (found.points < [photo.shape[1], photo.shape[0]]).all()


def test_the_fast_features_are_the_reference_s(
    weights: Weights,
    openvino: OpenVinoRuntime,
    reference: Runtime,
    photo: NDArray[np.uint8],
) -> None:
    fast = SuperPointFrontEnd(openvino.load(weights), ALL).extract(photo, limit=100)
    exact = SuperPointFrontEnd(reference.load(weights), ALL).extract(photo, limit=100)

    distances = np.linalg.norm(fast.points[:, None] - exact.points[None], axis=2)
    partner = distances.argmin(axis=1)
    same = distances.min(axis=1) < 1
    assert same.mean() > 0.9
    cosines = (fast.descriptors * exact.descriptors[partner]).sum(axis=1)[same]
    assert np.median(cosines) > 0.999


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 3), (64, 64, 3)])
def test_a_picture_without_a_keypoint_gives_empty_features(
    weights: Weights, shape: tuple[int, int, int]
) -> None:
    extractor = front_end(weights, SuperPointSettings(threshold=0.9))

    found = extractor.extract(np.zeros(shape, dtype=np.uint8), limit=100)

    assert len(found) == 0
    assert found.descriptors.shape == (0, 256)
    again = extractor.unpack(extractor.pack(found), found.width, found.height)
    assert len(again) == 0
    assert again.descriptors.shape == (0, 256)


def many(count: int, dimension: int) -> LocalFeatures:
    generator = np.random.default_rng(1)
    vectors = generator.normal(size=(count, dimension))
    return LocalFeatures(
        points=(generator.random((count, 2)) * 1000).astype(np.float32),
        scales=np.full(count, 21.3, dtype=np.float32),
        angles=np.zeros(count, dtype=np.float32),
        scores=generator.random(count).astype(np.float32) ** 3,
        descriptors=(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32),
        width=1000,
        height=1000,
    )


@pytest.mark.parametrize(("dimension", "kept"), [(256, 242), (128, 461), (65, 819)])
def test_packed_features_are_within_the_budget_and_keep_the_strongest(
    weights: Weights, dimension: int, kept: int
) -> None:
    extractor = front_end(weights, ALL, dimension)
    features = many(1000, dimension)

    compact = extractor.pack(features)

    parts = (compact.points, compact.scales, compact.angles, compact.codes)
    assert sum(part.nbytes for part in parts) <= PACKED_BYTES == 32768
    assert len(compact.points) == kept == extractor.packed_limit
    again = extractor.unpack(compact, 1000, 1000)
    expected = np.sort(features.scores)[::-1][:kept]
    np.testing.assert_allclose(again.scores, expected, atol=0.005)


@pytest.mark.parametrize("dimension", [256, 65])
def test_what_is_unpacked_is_nearly_what_was_packed(weights: Weights, dimension: int) -> None:
    extractor = front_end(weights, ALL, dimension)
    features = many(100, dimension)
    features = features.select(np.argsort(-features.scores))

    again = extractor.unpack(extractor.pack(features), 1000, 1000)

    np.testing.assert_allclose(again.points, features.points, atol=1 / 128 + 1e-4)
    np.testing.assert_allclose(again.scales, features.scales, rtol=0.03)
    np.testing.assert_allclose(np.linalg.norm(again.descriptors, axis=1), 1, atol=1e-5)
    assert float((again.descriptors * features.descriptors).sum(axis=1).min()) > 0.985
    assert again.descriptors.dtype == again.points.dtype == np.float32


def test_the_id_is_a_folder_name_and_follows_the_preparation(weights: Weights) -> None:
    ours, other = front_end(weights, ALL), front_end(weights, SuperPointSettings())

    assert is_valid_id(ours.part_id)
    assert weights.sha256[:16] in ours.part_id
    assert ours.part_id != other.part_id


def test_settings_come_with_the_weights(weights: Weights) -> None:
    options = {"working_side": 320.0, "keypoint_threshold": 0.01}
    chosen = Weights(weights.network, weights.path, weights.sha256, options)
    network = LoadedNetwork(chosen, {"extract": BrightSpots()}, {"descriptors": 256.0})

    assert SuperPointFrontEnd(network).settings.working_side == 320
    assert SuperPointFrontEnd(network).settings.threshold == 0.01
