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
from api.http.problems import problem_responses
from api.http.telemetry.metrics import EngineCollector, MaintenanceCollector
from api.schemas.results import WeightsJson, weights_json
from matcher.live import SessionStatus
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
    responses={**problem_responses(), 200: {"content": {"text/plain": {}}}},
)
def metrics(engine: EngineDep, _: ReadAccess) -> Response:
    """Prometheus' text format; the key goes into `authorization` of its scrape configuration."""
    now = CollectorRegistry()
    now.register(EngineCollector(engine.hub, engine.jobs, _sessions(engine)))
    now.register(MaintenanceCollector(engine.tender.tended))
    text = generate_latest(engine.metrics.registry) + generate_latest(now)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/models", summary="The networks", responses=problem_responses())
def models(engine: EngineDep, _: ReadAccess) -> ModelsJson:
    """What the manifest says of every weights file."""
    settings = engine.services.settings
    entries = read_manifest(settings.weights).entries
    return {"device": settings.device, "models": [weights_json(one) for one in entries]}


@router.get("/system", summary="How everything is", responses=problem_responses())
def system(engine: EngineDep, principal: ReadAccess) -> dict[str, Any]:
    """Version, readiness, sessions, jobs and catalogs of one's own."""
    sessions = [one for one in _sessions(engine) if principal.sees(one.catalog)]
    jobs = [one for one in engine.jobs.list() if principal.sees(one.catalog)]
    return {
        "version": version("skulens"),
        "uptime_s": round(time.time() - engine.condition.since, 1),
        "readiness": readiness(engine),
        "sessions": Counter(one.state.value for one in sessions),
        "jobs": Counter(str(one.state) for one in jobs),
        "catalogs": {
            name: {
                "index_version": one.index_version,
                "degraded": one.degraded,
                "reason": one.reason,
                "age_s": round(one.age_s, 2),
            }
            for name, one in engine.hub.health().items()
            if principal.sees(name)
        },
        "memory_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
    }


def _sessions(engine: Engine) -> tuple[SessionStatus, ...]:
    room = engine.condition.room
    return () if room is None else room.desk.sessions.list()


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
    """`ready`; `degraded` when a catalog's storage does not answer; `starting`; `broken`."""
    response.status_code = 503 if engine.condition.room is None else 200
    said = readiness(engine)
    # Anybody may ask this: how many catalogs are stale, but not their names.
    return {**said, "catalogs": len(said["catalogs"])}


def readiness(engine: Engine) -> dict[str, Any]:
    """The same with the stale catalogs' names and reasons."""
    condition = engine.condition
    stale = {name: one.reason for name, one in engine.hub.health().items() if one.degraded}
    if condition.fault:
        status = "broken"
    elif condition.room is None:
        status = "starting"
    else:
        status = "degraded" if stale else "ready"
    return {"status": status, "reason": condition.fault, "catalogs": stale}
