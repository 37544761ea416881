"""Cost of a stage, a picture and a frame: cold, warm, and against the naive way.

The naive way has no engine: every crop of every frame goes through float32 torch and is verified
against every product. It is timed on a few frames and compared on those: the same answers, in the
same places, must come out of the engine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Generic

import numpy as np

from bench.errors import BenchError
from bench.latency.timed import NetworkClock
from bench.progress import Progress, silent
from bench.table import Table
from matcher.imaging.box import Box
from matcher.results import Verdict
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.state import SessionInfo
from stream.frame import Frame
from stream.video.file import FileSource

WARM_CALLS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A stage to be timed alone.

    Attributes:
        name: for people.
        prepare: loads whatever the stage needs and returns the stage itself; called once.
    """

    name: str
    prepare: Callable[[], Callable[[], object]]


@dataclass(frozen=True, slots=True)
class LatencyOptions:
    """A video, and how much of it to measure.

    Attributes:
        video: frames are taken from it.
        start: number of the first frame taken.
        frames: how many frames the engine follows.
        naive_frames: how many of them, evenly spread, are also done the naive way.
        warm_calls: of each stage.
    """

    video: Path
    start: int = 0
    frames: int = 150
    naive_frames: int = 4
    warm_calls: int = WARM_CALLS


@dataclass(frozen=True, slots=True, eq=False)
class LatencyTarget(Generic[CatalogT]):
    """Stages and pipelines to measure.

    Attributes:
        stages: to be timed alone.
        engine: the pipeline as it is shipped, around networks that `clock` counts.
        clock: of those networks.
        naive: a pipeline of float32 torch that verifies every product of the catalog.
        catalog: for both.
    """

    stages: Sequence[Stage]
    engine: Finder[CatalogT]
    clock: NetworkClock
    naive: Finder[CatalogT]
    catalog: CatalogT


@dataclass(frozen=True, slots=True)
class StageFigures:
    """A stage alone, in milliseconds; `cold_ms` is loading and the first call."""

    name: str
    cold_ms: float
    warm_ms: float
    warm_p95_ms: float


@dataclass(frozen=True, slots=True)
class FrameCost:
    """A frame in the engine, in milliseconds.

    Attributes:
        frames: how many.
        median_ms: of a frame; most frames only detect and track.
        mean_ms: of a frame; verifications are spread over frames.
        networks_ms: mean of the time inside networks.
        by_network: that, by network.
    """

    frames: int
    median_ms: float
    mean_ms: float
    networks_ms: float
    by_network: Mapping[str, float]

    @property
    def over_networks(self) -> float:
        """The whole frame against the sum of its networks."""
        return self.mean_ms / self.networks_ms if self.networks_ms else float("inf")


@dataclass(frozen=True, slots=True)
class NaiveCost:
    """The naive way on some of the frames.

    Attributes:
        frames: how many.
        mean_ms: of a frame.
        answers: products it named identical, over all of those frames.
        shared: how many of them the engine shows in the same place at the same time.
        engine_answers: products the engine shows in those frames.
        engine_shared: how many of those the naive way named in the same place.
    """

    frames: int
    mean_ms: float
    answers: int
    shared: int
    engine_answers: int
    engine_shared: int


@dataclass(frozen=True, slots=True)
class LatencyResult:
    """Everything that was timed."""

    stages: tuple[StageFigures, ...]
    frame: FrameCost
    naive: NaiveCost

    @property
    def speedup(self) -> float:
        """The naive frame against the engine's, both on average."""
        return self.naive.mean_ms / self.frame.mean_ms if self.frame.mean_ms else float("inf")

    def to_json(self) -> dict[str, Any]:
        """As plain values, with the ratios."""
        return {
            **asdict(self),
            "frame_over_networks": self.frame.over_networks,
            "naive_over_frame": self.speedup,
        }

    def table(self) -> Table:
        """Stages, then the frame and the naive frame."""
        stages = [
            (stage.name, f"{stage.cold_ms:.0f}", f"{stage.warm_ms:.1f}", f"{stage.warm_p95_ms:.1f}")
            for stage in self.stages
        ]
        frame, naive = self.frame, self.naive
        rows = [
            *stages,
            ("frame, mean", "", f"{frame.mean_ms:.1f}", ""),
            ("frame, median", "", f"{frame.median_ms:.1f}", ""),
            ("its networks, mean", "", f"{frame.networks_ms:.1f}", ""),
            ("naive frame, mean", "", f"{naive.mean_ms:.0f}", ""),
        ]
        notes = (
            f"A frame takes {frame.over_networks:.2f} times its networks and is "
            f"{self.speedup:.1f} times faster than the naive way.",
            f"{naive.shared} of the naive way's {naive.answers} answers and "
            f"{naive.engine_shared} of the engine's {naive.engine_answers} are shared.",
        )
        return Table("Milliseconds", ("what", "cold", "warm", "warm p95"), tuple(rows), notes)


@dataclass(frozen=True, slots=True)
class _PlacedProduct:
    """A product at a place."""

    product_id: str
    box: Box


def measure_latency(
    options: LatencyOptions, target: LatencyTarget[CatalogT], on_progress: Progress = silent
) -> LatencyResult:
    """Time the stages, then follow the frames, then do some of them the naive way.

    Raises:
        stream.errors.SourceError: the video cannot be read.
        BenchError: the video has fewer frames than requested.
    """
    figures = []
    for done, stage in enumerate(target.stages):
        on_progress("stages", done, len(target.stages))
        figures.append(time_stage(stage, options.warm_calls))
    on_progress("stages", len(target.stages), len(target.stages))
    cost, kept = _time_frames(options, target, on_progress)
    return LatencyResult(tuple(figures), cost, _time_naive_frames(kept, target, on_progress))


def time_stage(stage: Stage, warm_calls: int = WARM_CALLS) -> StageFigures:
    """Load and call a stage once, then again and again."""
    started = perf_counter()
    call = stage.prepare()
    call()
    cold_ms = 1000 * (perf_counter() - started)
    warm = [_time_call(call) for _ in range(warm_calls)]
    p95 = float(np.percentile(warm, 95))
    return StageFigures(stage.name, cold_ms, float(np.median(warm)), p95)


def _time_call(call: Callable[[], object]) -> float:
    started = perf_counter()
    call()
    return 1000 * (perf_counter() - started)


def _time_frames(
    options: LatencyOptions, target: LatencyTarget[CatalogT], on_progress: Progress
) -> tuple[FrameCost, list[tuple[Frame, list[_PlacedProduct]]]]:
    """Cost of all frames; some of them with what the engine shows in them."""
    engine = FrameMatcher(target.engine, SessionInfo("bench", 0.0))
    stride = max(options.frames // max(options.naive_frames, 1), 1)
    wanted = set(range(stride - 1, options.frames, stride)[: options.naive_frames])
    spent: list[float] = []
    kept: list[tuple[Frame, list[_PlacedProduct]]] = []
    target.engine.detect(np.zeros((64, 64, 3), np.uint8))  # compiled before anything is timed
    before = dict(target.clock.milliseconds)
    source = FileSource(options.video)
    for number, frame in enumerate(islice(source.frames(options.start), options.frames)):
        on_progress("frames", number, options.frames)
        started = perf_counter()
        step = engine.match_frame(frame, target.catalog)
        spent.append(1000 * (perf_counter() - started))
        if number in wanted:
            shown = [
                _PlacedProduct(note.product_id, note.box)
                for note in step.overlay
                if note.verdict is Verdict.IDENTICAL and note.product_id is not None
            ]
            kept.append((frame, shown))
    source.close()
    if len(spent) < options.frames:
        raise BenchError(f"{options.video.name} has no {options.frames} frames to time")
    on_progress("frames", options.frames, options.frames)
    by_network = {
        name: (total - before.get(name, 0.0)) / len(spent)
        for name, total in target.clock.milliseconds.items()
    }
    networks_ms = sum(by_network.values())
    cost = FrameCost(
        len(spent), float(np.median(spent)), float(np.mean(spent)), networks_ms, by_network
    )
    return cost, kept


def _time_naive_frames(
    kept: Sequence[tuple[Frame, list[_PlacedProduct]]],
    target: LatencyTarget[CatalogT],
    on_progress: Progress,
) -> NaiveCost:
    target.naive.detect(np.zeros((64, 64, 3), np.uint8))
    spent, answers, shared, engine_answers, engine_shared = [], 0, 0, 0, 0
    for done, (frame, shown) in enumerate(kept):
        on_progress("naive frames", done, len(kept))
        started = perf_counter()
        detections = target.naive.detect(frame.image)
        matches = target.naive.match(frame.image, detections, target.catalog)
        spent.append(1000 * (perf_counter() - started))
        named = [
            _PlacedProduct(match.product_id, match.detection.box)
            for match in matches
            if match.verdict is Verdict.IDENTICAL and match.product_id is not None
        ]
        answers += len(named)
        shared += sum(any(_is_same(answer, other) for other in shown) for answer in named)
        engine_answers += len(shown)
        engine_shared += sum(any(_is_same(product, other) for other in named) for product in shown)
    on_progress("naive frames", len(kept), len(kept))
    mean = float(np.mean(spent)) if spent else 0.0
    return NaiveCost(len(kept), mean, answers, shared, engine_answers, engine_shared)


def _is_same(one: _PlacedProduct, other: _PlacedProduct) -> bool:
    """The same product, and the middle of either box lies in the other."""
    return one.product_id == other.product_id and (
        _holds_middle(one.box, other.box) or _holds_middle(other.box, one.box)
    )


def _holds_middle(box: Box, other: Box) -> bool:
    x, y = (other.left + other.right) / 2, (other.top + other.bottom) / 2
    return box.left <= x <= box.right and box.top <= y <= box.bottom
