"""Metrics for Prometheus: requests, stages, and gauges of sessions, jobs and catalogs."""

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

# Seconds: from a cached answer to the largest picture.
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


_SESSION_GAUGES: Final = (
    ("frames_in", "frames_in", "Frames that came"),
    ("processed", "processed", "Frames that were matched"),
    ("dropped", "dropped", "Frames that a newer one replaced"),
    ("late", "late", "Frames that were too old when told"),
    ("events", "events", "Events that were said"),
    ("fps", "processed_fps", "Frames per second lately"),
    ("age_p95_ms", "age_p95_ms", "Age of a frame when it is told, 95th percentile"),
)


class Metrics:
    """The counters and histograms of one engine.

    Attributes:
        registry: read by Prometheus.
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
        self._departures = Counter(
            "skulens_http_departures",
            "Clients that left before their request was whole; no answer counts them",
            ("method", "route"),
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

    def departed(self, method: str, route: str) -> None:
        """Count a client that left in the middle of its request."""
        self._departures.labels(method, route).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class RequestMetrics:
    """Middleware that counts answers, by route and not by path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = route_of(scope)
                metrics: Metrics = scope["state"]["engine"].metrics
                seconds = time.perf_counter() - began
                metrics.answered(scope["method"], route, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, count)


def route_of(scope: Scope) -> str:
    """Return the path with its parameters' names for their values; "none" for unknown routes."""
    if "route" not in scope:
        return "none"
    names = {str(value): f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))


class EngineCollector(Collector):
    """Gauges of the whole engine, read when Prometheus asks."""

    def __init__(
        self,
        catalogs: CatalogRegistry,
        jobs: JobRunner,
        sessions: Iterable[SessionStatus],
        sees: Callable[[str], bool],
    ) -> None:
        """Name what is counted.

        Args:
            catalogs: that are followed.
            jobs: of all catalogs.
            sessions: of all catalogs.
            sees: whether whoever asks may see a catalog; others' are left out.
        """
        self._catalogs = catalogs
        self._jobs = [job for job in jobs.list() if sees(job.catalog)]
        self._sessions = tuple(session for session in sessions if sees(session.catalog))
        self._sees = sees

    @override
    def collect(self) -> Iterator[Metric]:
        yield from self._of_sessions()
        yield from self._of_catalogs()
        jobs = Count(job.state for job in self._jobs)
        yield _gauge("skulens_jobs", "Jobs by state", "state", {s.value: jobs[s] for s in JobState})
        memory = psutil.Process().memory_info().rss
        yield GaugeMetricFamily("skulens_memory_bytes", "Resident memory of the engine", memory)

    def _of_sessions(self) -> Iterator[Metric]:
        states = Count(session.state for session in self._sessions)
        named = {state.value: states[state] for state in SourceState}
        yield _gauge("skulens_sessions", "Live sessions by state", "state", named)
        running = {
            session.session_id: session.counters
            for session in self._sessions
            if not session.state.is_final
        }
        for name, member, help_text in _SESSION_GAUGES:
            values = {key: float(getattr(numbers, member)) for key, numbers in running.items()}
            yield _gauge(f"skulens_session_{name}", help_text, "session", values)

    def _of_catalogs(self) -> Iterator[Metric]:
        followed = self._catalogs.health()
        health = {name: follower for name, follower in followed.items() if self._sees(name)}
        ages = {name: follower.age_s for name, follower in health.items()}
        yield _gauge("skulens_journal_age_seconds", "Since the journal was seen", "catalog", ages)
        versions = {name: follower.index_version for name, follower in health.items()}
        yield _gauge("skulens_index_version", "Of the followed catalogs", "catalog", versions)
        degraded = {name: int(follower.degraded) for name, follower in health.items()}
        yield _gauge("skulens_catalog_degraded", "The storage does not answer", "catalog", degraded)
        recalls = {name: index.recall for name, index in self._catalogs.index_health().items()}
        checked = {
            name: recall
            for name, recall in recalls.items()
            if recall is not None and self._sees(name)
        }
        help_text = "Share of checked shortlists whose best product hashing found"
        yield _gauge("skulens_index_recall", help_text, "catalog", checked)


class LookCollector(Collector):
    """Gauge of how often live sessions are looked at closely."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s

    @override
    def collect(self) -> Iterator[Metric]:
        help_text = "Between two looks at the live session that waits longest"
        yield GaugeMetricFamily("skulens_look_interval_seconds", help_text, self._interval_s)


def _gauge(
    name: str, help_text: str, label: str, values: dict[str, int] | dict[str, float]
) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=(label,))
    for key, value in values.items():
        family.add_metric((key,), float(value))
    return family


_MAINTENANCE_GAUGES: Final[tuple[tuple[str, str, Callable[[MaintenanceStatus], float]], ...]] = (
    ("synced_seconds", "Unix time of the last look", lambda status: status.synced_at),
    ("reconciled_seconds", "Unix time of the last comparison", lambda status: status.reconciled_at),
    ("drift", "Share of what was compared that differed", lambda status: status.drift),
    ("failed", "The last look failed", lambda status: bool(status.fault)),
    (
        "withheld",
        "Removals that somebody has to confirm",
        lambda status: status.count(FindingKind.HELD_BACK),
    ),
    ("problems", "What somebody has to mend", lambda status: status.count(FindingKind.PROBLEM)),
)


class MaintenanceCollector(Collector):
    """Gauges of what maintenance found, by catalog."""

    def __init__(self, statuses: Mapping[str, MaintenanceStatus]) -> None:
        self._statuses = statuses

    @override
    def collect(self) -> Iterator[Metric]:
        for name, help_text, value in _MAINTENANCE_GAUGES:
            family = GaugeMetricFamily(f"skulens_storage_{name}", help_text, labels=("catalog",))
            for catalog, status in self._statuses.items():
                family.add_metric((catalog,), float(value(status)))
            yield family
