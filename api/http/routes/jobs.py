"""Jobs of any kind, and those that work on a whole catalog."""

import asyncio
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from api.http.auth.principal import AdminAccess, CatalogAccess, Principal, ReadAccess
from api.http.engine import Engine, EngineDep
from api.http.jobs.record import UPLOAD, Job, JobKind, JobState, job_json
from api.http.jobs.uploads import receive_file, reserved
from api.http.problems import refusals_of
from api.models.calibration import decide_as_shipped
from client.records import JobJson

router = APIRouter(tags=["jobs"])


class ReconcileOrder(BaseModel):
    """How to compare a catalog with its storage."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"dry_run": True}})

    dry_run: bool = False
    accept_loss: bool = False
    only_sync: bool = False
    grace_hours: float = Field(default=24.0, ge=0.0, le=8760.0)


class ModelOrder(BaseModel):
    """Which networks a catalog is to be encoded by."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"action": "switch"}})

    action: Literal["switch", "rollback"]


class CalibrateOrder(BaseModel):
    """Which share of unknowns may be called identical."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"false_accept_rate": 0.01, "dry_run": False}}
    )

    false_accept_rate: float = Field(
        default=0.01, gt=0, lt=1, description="Share of unknowns that may be called identical."
    )
    unknown_share: float | None = Field(
        default=None, gt=0, lt=1, description="Share of things in view that are unknown."
    )
    dry_run: bool = Field(default=False, description="Only say what would be chosen.")


_RESET = {"index_version": 42}


class ResetJson(TypedDict):
    """The catalog's version afterwards."""

    index_version: int


class JobsJson(TypedDict):
    """Jobs, newest first."""

    jobs: list[JobJson]


@router.get("/jobs", summary="List jobs", responses=refusals_of())
def list_jobs(
    engine: EngineDep,
    principal: ReadAccess,
    state: Annotated[JobState | None, Query(description="Only these.")] = None,
) -> JobsJson:
    """Jobs of one's own catalogs, newest first; of those that are over the last 200."""
    jobs = [job for job in engine.jobs.list() if principal.sees(job.catalog)]
    return {"jobs": [job_json(job) for job in jobs if state in (None, job.state)]}


@router.get("/jobs/{job_id}", summary="Show a job", responses=refusals_of(404))
def show_job(engine: EngineDep, principal: ReadAccess, job_id: str) -> JobJson:
    """Progress, and what came of it."""
    return job_json(_job(engine, principal, job_id))


@router.delete("/jobs/{job_id}", summary="Cancel a job", responses=refusals_of(404))
def cancel_job(
    engine: EngineDep,
    principal: CatalogAccess,
    job_id: str,
    forget: Annotated[bool, Query(description="Remove its record and its files, too.")] = False,
) -> JobJson:
    """Stop a job at its next step; what it has done stays."""
    _job(engine, principal, job_id)
    job = engine.jobs.cancel(job_id)
    if forget:
        engine.jobs.forget(job_id)
    return job_json(job)


@router.post("/jobs/{job_id}/resume", summary="Go on with a job", responses=refusals_of(404, 409))
def resume_job(engine: EngineDep, principal: CatalogAccess, job_id: str) -> JobJson:
    """Go on where a job was cancelled or failed."""
    _job(engine, principal, job_id)
    return job_json(engine.jobs.resume(job_id))


@router.post(
    "/catalogs/{catalog}/import",
    status_code=HTTPStatus.ACCEPTED,
    summary="Take in many products",
    responses=refusals_of(404, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def import_products(
    engine: EngineDep,
    principal: CatalogAccess,
    catalog: str,
    request: Request,
    response: Response,
    name: Annotated[str, Query(max_length=300, description="For people.")] = "",
) -> JobJson:
    """A ZIP file with one folder per product, or with a `products.jsonl` or `products.csv`."""
    await asyncio.to_thread(engine.catalogs.store, catalog)
    async with reserved(engine.jobs, principal.key_id) as (job_id, folder):
        hold = partial(engine.jobs.uploads.hold, job_id)
        file_name = await receive_file(request, folder / UPLOAD, "archive", hold)
        add = partial(engine.jobs.add, job_id, JobKind.IMPORT, catalog, name or file_name, {})
        return await _answer_added(response, add)


@router.post(
    "/catalogs/{catalog}/reconcile",
    status_code=HTTPStatus.ACCEPTED,
    summary="Compare a catalog with its storage",
    responses=refusals_of(404),
)
async def reconcile(
    engine: EngineDep, _: CatalogAccess, catalog: str, order: ReconcileOrder, response: Response
) -> JobJson:
    """Take in what people did to the storage; a mass disappearance waits for `accept_loss`.

    With `only_sync`, only what they put there: no deletions, no repairs.
    """
    return await _add_order(engine, response, JobKind.RECONCILE, catalog, "reconcile", order)


@router.post(
    "/catalogs/{catalog}/model",
    status_code=HTTPStatus.ACCEPTED,
    summary="Switch a catalog's networks",
    responses=refusals_of(404),
)
async def model(
    engine: EngineDep, _: AdminAccess, catalog: str, order: ModelOrder, response: Response
) -> JobJson:
    """Encode what is missing and switch to the present networks, or roll back."""
    return await _add_order(engine, response, JobKind.MODEL, catalog, order.action, order)


@router.post(
    "/catalogs/{catalog}/calibrate",
    status_code=HTTPStatus.ACCEPTED,
    summary="Choose from which probability a product is called identical",
    responses=refusals_of(404),
)
async def calibrate(
    engine: EngineDep, _: CatalogAccess, catalog: str, order: CalibrateOrder, response: Response
) -> JobJson:
    """Learn from feedback and from the catalog itself; the result is as `calibrate --json` says."""
    return await _add_order(engine, response, JobKind.CALIBRATE, catalog, "calibrate", order)


@router.delete(
    "/catalogs/{catalog}/calibrate",
    summary="Decide as shipped again",
    responses={**refusals_of(404), 200: {"content": {"application/json": {"example": _RESET}}}},
)
def reset_calibration(engine: EngineDep, _: CatalogAccess, catalog: str) -> ResetJson:
    """Forget the calibration by the present networks; nothing happens where there is none."""
    store = engine.catalogs.store(catalog)
    return {"index_version": decide_as_shipped(store, engine.services.recogniser(store.snapshot()))}


async def _add_order(
    engine: Engine, response: Response, kind: JobKind, catalog: str, name: str, order: BaseModel
) -> JobJson:
    """Add a job for a catalog that is there."""
    await asyncio.to_thread(engine.catalogs.store, catalog)
    async with reserved(engine.jobs, owner="") as (job_id, _):
        add = partial(engine.jobs.add, job_id, kind, catalog, name, order.model_dump())
        return await _answer_added(response, add)


async def _answer_added(response: Response, add: Callable[[], Job]) -> JobJson:
    job = await asyncio.to_thread(add)
    response.headers["Location"] = f"/v1/jobs/{job.job_id}"
    return job_json(job)


def _job(engine: Engine, principal: Principal, job_id: str) -> Job:
    job = engine.jobs.get(job_id)
    principal.check(job.catalog)
    return job
