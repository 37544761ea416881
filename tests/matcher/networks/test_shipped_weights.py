"""The weights that ship: the manifest's files, and the fast arithmetic keeps their answers."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.ingest.image_file import read_image
from matcher.detection.detector import YoloDetector
from matcher.networks.openvino_runtime import OpenVinoRuntime
from matcher.networks.runtime import Runtime
from matcher.networks.weights import Network, WeightsEntry, read_manifest
from matcher.results import Detection
from matcher.retrieval.embedder import NetworkEmbedder
from matcher.retrieval.reference import ReferenceView
from matcher.verification.alignment import AlignmentScore, WarpedQuery
from matcher.verification.comparator import AlignedPair, NetworkComparator
from tests.matcher.prints import printed

WEIGHTS = Path(__file__).parents[3] / "weights"
MEGABYTE = 2**20

pytestmark = pytest.mark.weights


def shipped(network: Network) -> tuple[WeightsEntry, ...]:
    return read_manifest(WEIGHTS).of_network(network)


@pytest.fixture(scope="session")
def photos(shared_data: Path) -> list[NDArray[np.uint8]]:
    """Twelve pictures of shelves and products, none of them ever trained on."""
    folder = shared_data / "grocery" / "eval"
    paths = sorted(folder.glob("*/*.jpg"))[::40][:12]
    return [read_image(path.read_bytes(), path.name) for path in paths]


def test_every_file_is_the_manifest_s_and_together_they_are_small() -> None:
    manifest = read_manifest(WEIGHTS)

    for entry in manifest.entries:
        manifest.check(entry)
        assert manifest.path_of(entry).stat().st_size == entry.size
        assert entry.commercial_use
    ours = [entry.size for entry in manifest.entries if not entry.package]
    assert sum(ours) < 80 * MEGABYTE


@pytest.mark.data
@pytest.mark.parametrize("entry", shipped(Network.EMBEDDER), ids=lambda entry: entry.name)
def test_the_fast_embeddings_are_the_reference_s(
    entry: WeightsEntry,
    photos: list[NDArray[np.uint8]],
    openvino: OpenVinoRuntime,
    reference: Runtime,
) -> None:
    weights = read_manifest(WEIGHTS).weights(entry.name)

    fast = NetworkEmbedder(openvino.load(weights)).embed(photos)
    exact = NetworkEmbedder(reference.load(weights)).embed(photos)

    assert float((fast * exact).sum(axis=1).min()) > 0.995


@pytest.mark.data
@pytest.mark.parametrize("entry", shipped(Network.DETECTOR), ids=lambda entry: entry.name)
def test_the_fast_detections_are_the_reference_s(
    entry: WeightsEntry,
    photos: list[NDArray[np.uint8]],
    openvino: OpenVinoRuntime,
    reference: Runtime,
) -> None:
    weights = read_manifest(WEIGHTS).weights(entry.name)

    def detections(runtime: Runtime) -> list[tuple[Detection, ...]]:
        detector = YoloDetector(runtime.load(weights))
        return [detector.detect(photo) for photo in photos]

    overlaps = [
        max((detection.box.iou(other.box) for other in fast), default=0.0)
        for exact, fast in zip(detections(reference), detections(openvino), strict=True)
        for detection in exact
        if detection.confidence > 0.1
    ]
    assert len(overlaps) > 5
    assert np.mean([overlap > 0.8 for overlap in overlaps]) > 0.9


@pytest.mark.parametrize("entry", shipped(Network.COMPARATOR), ids=lambda entry: entry.name)
def test_the_comparator_tells_a_dim_blurred_photo_from_another_colour(
    entry: WeightsEntry, openvino: OpenVinoRuntime, reference: Runtime
) -> None:
    weights = read_manifest(WEIGHTS).weights(entry.name)
    picture = np.ascontiguousarray(printed(5)[:184, :136])
    everywhere = np.ones(picture.shape[:2], bool)
    badly = cv2.GaussianBlur((picture * 0.7).astype(np.uint8), (0, 0), 1.5)
    recoloured = np.ascontiguousarray(picture[..., ::-1])
    pairs = [
        AlignedPair(
            ReferenceView(picture, everywhere, 1.0),
            WarpedQuery(query, everywhere),
            AlignmentScore(1, 0, 0),
        )
        for query in (picture, np.asarray(badly, np.uint8), recoloured)
    ]

    fast, exact = (
        NetworkComparator(runtime.load(weights)).differences(pairs)
        for runtime in (openvino, reference)
    )

    assert fast == pytest.approx(exact, abs=0.3)
    assert max(exact[0], exact[1]) < exact[2] - 1
