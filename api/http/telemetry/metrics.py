"""Figures for Prometheus: what was asked, how long it took, and how everything is now."""

import time
from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import psutil
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from typing_extensions import override

from api.http.jobs.record import JobState
from api.http.jobs.runner import JobRunner
from api.maintenance import MaintenanceStatus
from api.open_catalogs import CatalogRegistry
from catalog.reconcile.report import FindingKind
from matcher.live import SessionStatus
from matcher.results import StageTimes
from stream.status import SourceState

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


_OF_SESSIONS: Final = (
    ("frames_in", "frames_in", "Frames that came"),
    ("processed", "processed", "Frames that were matched"),
    ("dropped", "dropped", "Frames that a newer one replaced"),
    ("late", "late", "Frames that were too old when told"),
    ("events", "events", "Events that were said"),
    ("fps", "processed_fps", "Frames per second lately"),
    ("age_p95_ms", "age_p95_ms", "Age of a frame when it is told, 95th percentile"),
)


class Metrics:
    """All figures of one engine.

    Attributes:
        registry: what Prometheus reads.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "skulens_http_requests",
            "Requests that the engine answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "skulens_http_request_seconds",
            "Until the answer begins",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "skulens_stage_seconds",
            "Stages of one identification",
            ("stage",),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def identified(self, times: StageTimes) -> None:
        """Count an identification."""
        for stage, spent_ms in times.public().items():
            self._stages.labels(stage).observe(spent_ms / 1e3)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class RequestMetrics:
    """In front of an application: counts what it answers, by route and not by path."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        began = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope)
                metrics: Metrics = scope["state"]["engine"].metrics
                seconds = time.perf_counter() - began
                metrics.answered(scope["method"], route, message["status"], seconds)
            await send(message)

        await self._inner(scope, receive, counted)


def route_of(scope: Scope) -> str:
    """The path with the names of its parameters for their values; one name for all others."""
    if "route" not in scope:
        return "none"
    names = {str(value): f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))


class EngineCollector(Collector):
    """How everything is at the moment that somebody looks."""

    def __init__(
        self, hub: CatalogRegistry, jobs: JobRunner, sessions: Iterable[SessionStatus]
    ) -> None:
        self._hub = hub
        self._jobs = jobs
        self._sessions = tuple(sessions)

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._of_sessions()
        yield from self._of_catalogs()
        jobs = Count(job.state for job in self._jobs.list())
        yield _by("skulens_jobs", "Jobs by state", "state", {s.value: jobs[s] for s in JobState})
        memory = psutil.Process().memory_info().rss
        yield GaugeMetricFamily("skulens_memory_bytes", "Resident memory of the engine", memory)

    def _of_sessions(self) -> Iterator[Metric]:
        states = Count(one.state for one in self._sessions)
        named = {state.value: states[state] for state in SourceState}
        yield _by("skulens_sessions", "Live sessions by state", "state", named)
        running = {one.session_id: one for one in self._sessions if not one.state.is_final}
        for name, member, said in _OF_SESSIONS:
            values = {key: float(getattr(one.counters, member)) for key, one in running.items()}
            yield _by(f"skulens_session_{name}", said, "session", values)

    def _of_catalogs(self) -> Iterator[Metric]:
        health = self._hub.health()
        ages = {name: one.age_s for name, one in health.items()}
        yield _by("skulens_journal_age_seconds", "Since the journal was seen", "catalog", ages)
        versions = {name: one.index_version for name, one in health.items()}
        yield _by("skulens_index_version", "Of the followed catalogs", "catalog", versions)
        degraded = {name: int(one.degraded) for name, one in health.items()}
        yield _by("skulens_catalog_degraded", "The storage does not answer", "catalog", degraded)
        recalls = {name: one.recall for name, one in self._hub.indexes().items()}
        checked = {name: recall for name, recall in recalls.items() if recall is not None}
        said = "Share of checked shortlists whose best product hashing found"
        yield _by("skulens_index_recall", said, "catalog", checked)


def _by(name: str, said: str, label: str, values: dict[str, int] | dict[str, float]) -> Metric:
    family = GaugeMetricFamily(name, said, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), float(value))
    return family


_FIGURES: Final[tuple[tuple[str, str, Callable[[MaintenanceStatus], float]], ...]] = (
    ("synced_seconds", "Unix time of the last look", lambda one: one.synced_at),
    ("reconciled_seconds", "Unix time of the last comparison", lambda one: one.reconciled_at),
    ("drift", "Share of what was compared that differed", lambda one: one.drift),
    ("failed", "The last look failed", lambda one: bool(one.fault)),
    (
        "withheld",
        "Removals that somebody has to confirm",
        lambda one: one.count(FindingKind.WITHHELD),
    ),
    ("problems", "What somebody has to mend", lambda one: one.count(FindingKind.PROBLEM)),
)


class MaintenanceCollector(Collector):
    """How every catalog was found, by name."""

    def __init__(self, tended: Mapping[str, MaintenanceStatus]) -> None:
        self._tended = tended

    @override
    def collect(self) -> Iterator[Metric]:
        for name, said, value in _FIGURES:
            family = GaugeMetricFamily(f"skulens_storage_{name}", said, labels=("catalog",))
            for catalog, one in self._tended.items():
                family.add_metric((catalog,), float(value(one)))
            yield family
