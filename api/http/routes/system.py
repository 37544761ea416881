"""Whether the service is ready."""

from typing import Any

from fastapi import APIRouter, Response

from api.http.engine import Engine, TheEngine

router = APIRouter(tags=["system"])


@router.get("/healthz", summary="Is it alive?")
async def healthz() -> dict[str, str]:
    """Answers as long as the process runs at all."""
    return {"status": "alive"}


@router.get(
    "/readyz",
    summary="Is it ready?",
    responses={503: {"description": "starting, or broken: the networks cannot be loaded"}},
)
async def readyz(engine: TheEngine, response: Response) -> dict[str, Any]:
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
