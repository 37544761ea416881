"""Networks that count the time spent in them, so that a frame can be compared with their sum."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import CompactFeatures
from matcher.detection.detector import Detector
from matcher.keypoints.features import Correspondences, FrontEnd, KeypointMatcher, LocalFeatures
from matcher.results import Detection
from matcher.retrieval.embedder import Embedder
from matcher.verification.comparator import AlignedPair, Comparator


class NetworkClock:
    """Adds up milliseconds by network; calls inside a call count once, for the outer one."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._is_inside = False

    @property
    def total_ms(self) -> float:
        """Of all networks."""
        return sum(self.milliseconds.values())

    @contextmanager
    def counting(self, network: str) -> Iterator[None]:
        """Count what happens inside towards a network."""
        if self._is_inside:
            yield
            return
        self._is_inside = True
        started = perf_counter()
        try:
            yield
        finally:
            self._is_inside = False
            spent = 1000 * (perf_counter() - started)
            self.milliseconds[network] = self.milliseconds.get(network, 0.0) + spent


@dataclass(frozen=True, slots=True, eq=False)
class PipelineNetworks:
    """The networks of a pipeline, or what stands in for them without training."""

    detector: Detector
    embedder: Embedder
    front_end: FrontEnd
    matcher: KeypointMatcher
    comparator: Comparator

    def timed(self, clock: NetworkClock) -> "PipelineNetworks":
        """The same networks, counted."""
        return PipelineNetworks(
            TimedDetector(self.detector, clock),
            TimedEmbedder(self.embedder, clock),
            TimedFrontEnd(self.front_end, clock),
            TimedMatcher(self.matcher, clock),
            TimedComparator(self.comparator, clock),
        )


class TimedDetector:
    """Counts as `detect`."""

    def __init__(self, inner: Detector, clock: NetworkClock) -> None:
        self._inner = inner
        self._clock = clock

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """As the inner one."""
        with self._clock.counting("detect"):
            return self._inner.detect(image)


class TimedEmbedder:
    """Counts as `embed`."""

    def __init__(self, inner: Embedder, clock: NetworkClock) -> None:
        self._inner = inner
        self._clock = clock

    @property
    def part_id(self) -> str:
        """As the inner one."""
        return self._inner.part_id

    @property
    def multi_crop_from(self) -> float:
        """As the inner one."""
        return self._inner.multi_crop_from

    def embed(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """As the inner one."""
        with self._clock.counting("embed"):
            return self._inner.embed(images)


class TimedFrontEnd:
    """Counts as `keypoints`; packing is no network and is not counted."""

    def __init__(self, inner: FrontEnd, clock: NetworkClock) -> None:
        self._inner = inner
        self._clock = clock

    @property
    def part_id(self) -> str:
        """As the inner one."""
        return self._inner.part_id

    def extract(self, image: NDArray[np.uint8], limit: int) -> LocalFeatures:
        """As the inner one."""
        with self._clock.counting("keypoints"):
            return self._inner.extract(image, limit)

    def pack(self, features: LocalFeatures) -> CompactFeatures:
        """As the inner one."""
        return self._inner.pack(features)

    def unpack(self, compact: CompactFeatures, width: int, height: int) -> LocalFeatures:
        """As the inner one."""
        return self._inner.unpack(compact, width, height)


class TimedMatcher:
    """Counts as `pair`."""

    def __init__(self, inner: KeypointMatcher, clock: NetworkClock) -> None:
        self._inner = inner
        self._clock = clock

    def match(
        self, query: LocalFeatures, references: Sequence[LocalFeatures]
    ) -> list[Correspondences]:
        """As the inner one."""
        with self._clock.counting("pair"):
            return self._inner.match(query, references)


class TimedComparator:
    """Counts as `compare`."""

    def __init__(self, inner: Comparator, clock: NetworkClock) -> None:
        self._inner = inner
        self._clock = clock

    def differences(self, comparisons: Sequence[AlignedPair]) -> NDArray[np.float32]:
        """As the inner one."""
        with self._clock.counting("compare"):
            return self._inner.differences(comparisons)
