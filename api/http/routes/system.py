"""The service about itself: probes, metrics, networks and its state."""

import time
from collections import Counter
from importlib.metadata import version
from typing import Any

import psutil
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from typing_extensions import TypedDict

from api.http.auth.principal import ReadAccess
from api.http.engine import Engine, EngineDep
from api.http.problems import refusals_of
from api.http.telemetry.metrics import EngineCollector, LookCollector, MaintenanceCollector
from api.schemas.results import WeightsJson, weights_json
from catalog.snapshot import Catalog
from matcher.live import SessionManager, SessionStatus
from matcher.networks.weights import read_manifest

router = APIRouter(tags=["system"])
figures = APIRouter(tags=["system"])
probes = APIRouter(tags=["system"])


class ModelsJson(TypedDict):
    """The networks."""

    device: str
    models: list[WeightsJson]


@figures.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={**refusals_of(), 200: {"content": {"text/plain": {}}}},
)
def metrics(engine: EngineDep, principal: ReadAccess) -> Response:
    """Prometheus' text format; the key goes into `authorization` of its scrape configuration.

    A key of some catalogs gets the figures of these, and those of the whole service that name none.
    """
    now = CollectorRegistry()
    sees = principal.sees
    live = engine.status.live
    interval_s = 0.0 if live is None else live.services.sessions.look_interval_s
    now.register(LookCollector(interval_s))
    now.register(EngineCollector(engine.catalogs, engine.jobs, _sessions(engine), sees))
    statuses = engine.maintenance.statuses.items()
    now.register(MaintenanceCollector({name: kept for name, kept in statuses if sees(name)}))
    text = generate_latest(engine.metrics.registry) + generate_latest(now)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get(
    "/models",
    summary="The networks",
    description="What the manifest says of every weights file.",
    responses=refusals_of(),
)
def models(engine: EngineDep, _: ReadAccess) -> ModelsJson:
    """List the manifest's weights."""
    settings = engine.services.settings
    entries = read_manifest(settings.weights).entries
    return {"device": settings.device, "models": [weights_json(entry) for entry in entries]}


@router.get("/system", summary="How everything is", responses=refusals_of())
def system(engine: EngineDep, principal: ReadAccess) -> dict[str, Any]:
    """Version, readiness, sessions, jobs and catalogs of one's own."""
    sessions = [session for session in _sessions(engine) if principal.sees(session.catalog)]
    jobs = [job for job in engine.jobs.list() if principal.sees(job.catalog)]
    ready = readiness(engine)
    return {
        "version": version("skulens"),
        "uptime_s": round(time.monotonic() - engine.status.since, 1),
        "readiness": {
            **ready,
            "catalogs": {
                name: reason for name, reason in ready["catalogs"].items() if principal.sees(name)
            },
        },
        "sessions": Counter(session.state.value for session in sessions),
        "jobs": Counter(str(job.state) for job in jobs),
        "catalogs": {
            name: {
                "index_version": follower.index_version,
                "degraded": follower.degraded,
                "reason": follower.reason,
                "age_s": round(follower.age_s, 2),
            }
            for name, follower in engine.catalogs.health().items()
            if principal.sees(name)
        },
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
    }


def _sessions(engine: Engine) -> tuple[SessionStatus, ...]:
    live = engine.status.live
    return () if live is None else live.services.sessions.list()


@probes.get("/healthz", summary="Is it alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process runs at all."""
    return {"status": "alive"}


@probes.get(
    "/readyz",
    summary="Is it ready?",
    responses={503: {"description": "starting, or broken: the networks cannot be loaded"}},
)
async def readyz(engine: EngineDep, response: Response) -> dict[str, Any]:
    """`ready`; `degraded`: a storage does not answer, or too many cameras; `starting`; `broken`."""
    response.status_code = 503 if engine.status.live is None else 200
    details = readiness(engine)
    # Anybody may ask this: how many catalogs are stale, but not their names.
    return {**details, "catalogs": len(details["catalogs"])}


def readiness(engine: Engine) -> dict[str, Any]:
    """Return `readyz`'s answer with the stale catalogs' names and reasons."""
    status = engine.status
    stale = {
        name: follower.reason
        for name, follower in engine.catalogs.health().items()
        if follower.degraded
    }
    overload = "" if status.live is None else overload_reason(status.live.services.sessions)
    if status.fault:
        word = "broken"
    elif status.live is None:
        word = "starting"
    else:
        word = "degraded" if stale or overload else "ready"
    return {"status": word, "reason": status.fault or overload, "catalogs": stale}


def overload_reason(sessions: SessionManager[Catalog]) -> str:
    """Return why products are named late, one sentence for people; empty if they are not."""
    if not sessions.is_overloaded:
        return ""
    every_s = round(sessions.look_interval_s)
    return f"too many cameras for this machine: looks come every {every_s} s"
