"""Live sessions under load: how many frames, how old they are, and whether memory grows.

The sources are real cameras over the network, sent by a process of their own. The baseline is the
same manager with one path: verifications run between frames, in the fast path's thread.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final, Generic

import cv2
import numpy as np
import psutil

from bench.errors import BenchError
from bench.live.inline_queue import InlineQueue
from bench.live.result import LiveOptions, LiveResult, SessionFigures
from bench.live.scene import (
    LOOP_S,
    SLIDE_S,
    Image,
    SceneSize,
    draw_scene,
    fully_in_view_s,
    read_number,
)
from bench.live.sender import write_film
from bench.progress import Progress, silent
from matcher.live import FrameResult, LiveSettings, Message, SessionManager
from matcher.tracking.events import EventKind
from matcher.tracking.finder import CatalogT, Finder
from stream.camera.reconnecting import ReconnectingSource
from stream.camera.source import CameraSource

JPEG_QUALITY: Final = 85
WARM_UP_S: Final = 10.0
SETTLED_S: Final = 60.0
BASELINE_S: Final = 20.0


@dataclass(slots=True, eq=False)
class _SessionRecord:
    """Times and events of one session while it was measured."""

    ages: list[float] = field(default_factory=list)
    glass: list[float] = field(default_factory=list)
    confirmed: list[float] = field(default_factory=list)
    events: int = 0
    degraded: int = 0


class _Listener:
    """Listens to all sessions, from `begin` on."""

    def __init__(self, film_started: float, places: Mapping[str, int], size: SceneSize) -> None:
        self._film_started = film_started
        self._places = places
        self._size = size
        self._lock = Lock()
        self._listening = False
        self.records: dict[str, _SessionRecord] = {}

    def begin(self) -> None:
        self._listening = True

    def __call__(self, message: Message) -> None:
        if not isinstance(message, FrameResult) or not self._listening:
            return
        number = read_number(message.frame.image)
        with self._lock:
            records = self.records.setdefault(message.session_id, _SessionRecord())
            records.ages.append(message.age_s)
            if number is not None:
                records.glass.append(self._since(number / self._size.rate, message.emitted_at))
            records.events += len(message.events)
            records.degraded += message.degraded
            for event in message.events:
                place = self._places.get(event.product_id or "")
                if event.event is EventKind.CONFIRMED and place is not None:
                    waited = self._since(fully_in_view_s(place), message.emitted_at)
                    # Named while it was still coming in: it had not to be waited for at all.
                    records.confirmed.append(0.0 if waited > LOOP_S - SLIDE_S else waited)

    def _since(self, moment_s: float, now: float) -> float:
        """Seconds since a moment of the loop was last shown."""
        loop_s = self._size.frames / self._size.rate
        return (now - self._film_started - moment_s) % loop_s


@dataclass(frozen=True, slots=True, eq=False)
class LiveTarget(Generic[CatalogT]):
    """Finder, catalog and products to measure with.

    Attributes:
        finder: as it is shipped.
        catalog: with the products.
        products: (H, W, 3) RGB pictures of their fronts, by id, at most four.
    """

    finder: Finder[CatalogT]
    catalog: CatalogT
    products: Mapping[str, Image]


def measure_live(
    options: LiveOptions, target: LiveTarget[CatalogT], on_progress: Progress = silent
) -> LiveResult:
    """Film, send, match, listen; blocks for as long as it was asked to.

    Raises:
        BenchError: the sender did not start, or no picture came through.
    """
    before = psutil.getloadavg()[0]
    with TemporaryDirectory(prefix="skulens-") as folder:
        film = Path(folder) / "film"
        _make_film(film, options, target.products, on_progress)
        baseline = None
        if options.baseline:
            _, baseline = _run(film, options, target, BASELINE_S, on_progress, inline=True)
        seconds = 60 * options.minutes
        sessions, total = _run(film, options, target, seconds, on_progress, inline=False)
    return LiveResult(options, sessions, total, baseline, (before, psutil.getloadavg()[0]))


def _make_film(
    path: Path, options: LiveOptions, products: Mapping[str, Image], on_progress: Progress
) -> None:
    pictures: list[bytes] = []
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    for image in draw_scene(products, options.size, options.seed):
        code = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), quality)[1]
        pictures.append(code.tobytes())
        on_progress("filming", len(pictures), options.size.frames)
    write_film(path, pictures)


def _run(
    film: Path,
    options: LiveOptions,
    target: LiveTarget[CatalogT],
    seconds: float,
    on_progress: Progress,
    *,
    inline: bool,
) -> tuple[tuple[SessionFigures, ...], SessionFigures]:
    settings = LiveSettings(most_sessions=options.sources, frames_per_second=options.budget)
    queue = InlineQueue() if inline else None
    label = "one lane" if inline else "two lanes"
    with _sending(film, options.size.rate) as (port, started):
        manager = SessionManager(target.finder, settings, queue=queue)
        listener = _Listener(
            started, {name: n for n, name in enumerate(target.products)}, options.size
        )
        manager.listen(listener)
        try:
            ids = [_start(manager, port, n, target.catalog) for n in range(options.sources)]
            _wait(WARM_UP_S, f"{label}: warming up", on_progress)
            dropped = {session_id: manager.get(session_id).counters.dropped for session_id in ids}
            listener.begin()
            began = time.monotonic()
            slope = _wait(seconds, f"{label}: measuring", on_progress)
            took = time.monotonic() - began
            lost = {
                session_id: manager.get(session_id).counters.dropped - dropped[session_id]
                for session_id in ids
            }
        finally:
            manager.close()
    shown = len(target.products) * int(seconds / LOOP_S)
    records = [listener.records.get(session_id, _SessionRecord()) for session_id in ids]
    if not any(record.ages for record in records):
        raise BenchError("no picture came through; are the machine's ports on loopback usable?")
    sessions = tuple(
        _figures(f"{number}", record, took, lost[key], shown, slope)
        for number, (key, record) in enumerate(zip(ids, records, strict=True), 1)
    )
    name = "one lane, all" if inline else "all"
    total = _figures(
        name, _join_records(records), took, sum(lost.values()), shown * len(ids), slope
    )
    return sessions, total


def _start(manager: SessionManager[CatalogT], port: int, number: int, catalog: CatalogT) -> str:
    url = f"http://127.0.0.1:{port}/{number}"
    source = ReconnectingSource(lambda: CameraSource(url, source_id=f"camera {number + 1}"))
    return manager.start(source, lambda: catalog)


def _wait(seconds: float, label: str, on_progress: Progress) -> float:
    """Let time pass; the slope of this process' memory in MB per minute.

    The first minute, or half of a shorter time, is left out: networks, first looks at each product
    and the allocator's arenas take their memory then, once.
    """
    settled = min(SETTLED_S, seconds / 2)
    process, samples = psutil.Process(), []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        if passed >= settled:
            samples.append((passed / 60, process.memory_info().rss / 2**20))
        on_progress(label, int(passed), int(seconds))
        time.sleep(min(1.0, seconds - passed))
    if len(samples) < 3:
        return 0.0
    minutes, used = np.array(samples).T
    return float(np.polyfit(minutes, used, 1)[0])


@contextmanager
def _sending(film: Path, rate: float) -> Iterator[tuple[int, float]]:
    command = [sys.executable, "-m", "bench.live.sender", str(film), str(rate)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        line = sender.stdout.readline().split() if sender.stdout is not None else []
        try:
            if len(line) != 2:
                raise BenchError("the process that sends the pictures did not start")
            yield int(line[0]), float(line[1])
        finally:
            sender.kill()


def _join_records(records: Sequence[_SessionRecord]) -> _SessionRecord:
    return _SessionRecord(
        [age for record in records for age in record.ages],
        [age for record in records for age in record.glass],
        [wait for record in records for wait in record.confirmed],
        sum(record.events for record in records),
        sum(record.degraded for record in records),
    )


def _figures(
    name: str, records: _SessionRecord, seconds: float, dropped: int, shown: int, slope: float
) -> SessionFigures:
    age, glass = _percentiles(records.ages), _percentiles(records.glass)
    waits = records.confirmed
    return SessionFigures(
        name,
        len(records.ages) / seconds,
        *age,
        *glass,
        float(np.median(waits)) if waits else None,
        max(waits, default=None),
        len(waits),
        shown,
        dropped,
        records.degraded / len(records.ages) if records.ages else 0.0,
        slope,
        records.events,
    )


def _percentiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    if not seconds:
        return (0.0, 0.0, 0.0)
    p50, p95, p99 = np.percentile(np.array(seconds) * 1e3, [50, 95, 99])
    return (float(p50), float(p95), float(p99))
