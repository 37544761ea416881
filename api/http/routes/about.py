"""About the service: figures, networks, health."""

import time
from collections import Counter
from importlib.metadata import version
from typing import Any

import psutil
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from typing_extensions import TypedDict

from api.http.engine import Engine, TheEngine
from api.http.metrics import Now
from api.http.principal import Reader
from api.http.problems import documented
from api.http.routes.system import readiness
from api.http.tending_metrics import TendedNow
from api.schemas import WeightsJson, weights_json
from matcher.live import SessionStatus
from matcher.networks.weights import read_manifest

router = APIRouter(tags=["system"])
figures = APIRouter(tags=["system"])


class ModelsJson(TypedDict):
    """The networks."""

    device: str
    models: list[WeightsJson]


@figures.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={**documented(), 200: {"content": {"text/plain": {}}}},
)
def metrics(engine: TheEngine, _: Reader) -> Response:
    """Prometheus' text format; the key goes into `authorization` of its scrape configuration."""
    now = CollectorRegistry()
    now.register(Now(engine.hub, engine.jobs, _sessions(engine)))
    now.register(TendedNow(engine.tender.tended))
    text = generate_latest(engine.metrics.registry) + generate_latest(now)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/models", summary="The networks", responses=documented())
def models(engine: TheEngine, _: Reader) -> ModelsJson:
    """What the manifest says of every weights file."""
    settings = engine.services.settings
    entries = read_manifest(settings.weights).entries
    return {"device": settings.device, "models": [weights_json(one) for one in entries]}


@router.get("/system", summary="How everything is", responses=documented())
def system(engine: TheEngine, principal: Reader) -> dict[str, Any]:
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
