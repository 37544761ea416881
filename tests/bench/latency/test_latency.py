"""Times, and answers that count as the same, with an engine over fake networks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from api.models.loading import Networks
from bench.errors import BenchError
from bench.latency.latency import LatencyOptions, LatencyTarget, Stage, measure_latency, time_stage
from bench.latency.timed import NetworkClock, time_networks
from catalog.encodings.encoding import CompactFeatures
from matcher.imaging.box import Box
from matcher.keypoints.features import Correspondences, LocalFeatures
from matcher.results import (
    Detection,
    Identification,
    KnownPrint,
    Match,
    StageTimes,
    Verdict,
    Verification,
)
from matcher.verification.comparator import AlignedPair
from tests.bench.scenery import printed
from tests.stream.clips import write_clip

PLACE = Box(40, 30, 120, 130)
CORNERS = np.array([[40, 30], [120, 30], [120, 130], [40, 130]], np.float32)
FRAMES = 12


@dataclass(frozen=True)
class FakeCatalog:
    name: str = "bench"
    index_version: int = 1
    products: Mapping[str, object] = field(default_factory=lambda: {"milk": 1, "juice": 2})


class FakeFinder:
    """Always sees one product in one place; notes how often it looked."""

    def __init__(self, product_id: str, clock: NetworkClock) -> None:
        self._product_id = product_id
        self._clock = clock
        self.looks = 0

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        assert image.ndim == 3
        with self._clock.counting("detect"):
            return (Detection(PLACE, 0.9),)

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: FakeCatalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> tuple[Match, ...]:
        assert image.ndim == 3
        assert self._product_id in catalog.products
        with self._clock.counting("pair"):
            self.looks += 1
        pairs = np.zeros((0, 4), np.float32)
        proof = Verification(self._product_id, "reference", 60, pairs, CORNERS, 0.8, 0.9)
        return tuple(
            Match(detection, Verdict.IDENTICAL, self._product_id, 0.99, proof, ())
            for detection in detections
        )

    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: FakeCatalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> Identification:
        return Identification(self.match(image, self.detect(image), catalog), 1, StageTimes())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    times = [40 * number for number in range(FRAMES)]
    still = [printed(3, 160, 160)] * FRAMES
    write_clip(path, times_ms=times, size=(160, 160), pictures=still)
    return path


def target(engine_says: str = "milk", naive_says: str = "milk") -> LatencyTarget[FakeCatalog]:
    clock = NetworkClock()
    return LatencyTarget(
        [Stage("detect", lambda: lambda: None)],
        FakeFinder(engine_says, clock),
        clock,
        FakeFinder(naive_says, NetworkClock()),
        FakeCatalog(),
    )


def options(clip: Path, frames: int = FRAMES) -> LatencyOptions:
    return LatencyOptions(clip, frames=frames, naive_frames=2, warm_calls=3)


def test_the_engine_and_the_naive_way_are_compared_on_the_same_frames(clip: Path) -> None:
    result = measure_latency(options(clip), target())
    assert (result.frame.frames, result.naive.frames) == (FRAMES, 2)
    assert (result.naive.answers, result.naive.shared) == (2, 2)
    assert (result.naive.engine_answers, result.naive.engine_shared) == (2, 2)
    assert result.frame.over_networks > 1.0
    assert set(result.frame.by_network) == {"detect", "pair"}


def test_another_answer_in_the_same_place_is_not_shared(clip: Path) -> None:
    result = measure_latency(options(clip), target(naive_says="juice"))
    assert result.naive.answers == 2
    assert (result.naive.shared, result.naive.engine_shared) == (0, 0)


def test_a_clip_that_is_too_short_is_refused(clip: Path) -> None:
    with pytest.raises(BenchError, match="no 50 frames"):
        measure_latency(options(clip, frames=50), target())


def test_the_result_becomes_json_and_a_table(clip: Path) -> None:
    result = measure_latency(options(clip), target())
    assert result.to_json()["naive_over_frame"] == result.speedup
    table = result.table()
    assert table.rows[0][0] == "detect"
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_cold_is_loading_and_the_first_call_and_each_warm_call_is_timed() -> None:
    calls: list[str] = []

    def prepare() -> Callable[[], object]:
        calls.append("load")
        return lambda: calls.append("call")

    figures = time_stage(Stage("stage", prepare), warm_calls=4)
    assert calls == ["load", *["call"] * 5]
    assert figures.cold_ms >= 0.0
    assert figures.warm_ms <= figures.warm_p95_ms


class FakeNetworks:
    """Every network in one; the matcher asks the front end, as a nested call."""

    part_id = "fake"
    multi_crop_from = 0.5

    def __init__(self) -> None:
        self.nested: Networks | None = None

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        return (Detection(Box(0, 0, image.shape[1], image.shape[0]), 1.0),)

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.ones((len(images), 2), np.float32)

    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        points = np.zeros((min(limit, 1), 2), np.float32)
        ones = np.ones(len(points), np.float32)
        return LocalFeatures(points, ones, ones, ones, points, image.shape[1], image.shape[0])

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        empty = np.zeros((len(features), 1), np.uint8)
        return CompactFeatures(features.points.astype(np.uint16), empty[:, 0], empty[:, 0], empty)

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        return self.extract(np.zeros((height, width, 3), np.uint8), len(compact.points))

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        if self.nested is not None:
            self.nested.front_end.extract(np.zeros((8, 8, 3), np.uint8), 1)
        none = np.zeros(0, np.int64)
        return [Correspondences(none, none, query.scores[:0]) for _ in references]

    def differences(self, comparisons: Sequence[AlignedPair]) -> NDArray[np.float32]:
        return np.full(len(comparisons) + 1, 0.5, np.float32)


def test_timed_networks_answer_as_the_inner_ones_and_count_by_name() -> None:
    fake, clock = FakeNetworks(), NetworkClock()
    networks = time_networks(Networks(fake, fake, fake, fake, fake), clock)
    image = np.zeros((20, 30, 3), np.uint8)
    assert networks.detector.detect(image)[0].box == Box(0, 0, 30, 20)
    assert networks.embedder.embed([image]).shape == (1, 2)
    features = networks.front_end.extract(image, 5)
    assert len(networks.front_end.unpack(networks.front_end.pack(features), 30, 20)) == 1
    assert len(networks.matcher.match(features, [features])) == 1
    assert networks.comparator.differences([]).tolist() == [0.5]
    assert {networks.embedder.part_id, networks.front_end.part_id} == {"fake"}
    assert networks.embedder.multi_crop_from == 0.5
    assert set(clock.milliseconds) == {"detect", "embed", "keypoints", "pair", "compare"}
    assert clock.total_ms == sum(clock.milliseconds.values())


def test_a_network_inside_a_network_counts_once() -> None:
    fake, clock = FakeNetworks(), NetworkClock()
    networks = time_networks(Networks(fake, fake, fake, fake, fake), clock)
    fake.nested = networks
    features = fake.extract(np.zeros((8, 8, 3), np.uint8), 1)
    networks.matcher.match(features, [features])
    assert set(clock.milliseconds) == {"pair"}
