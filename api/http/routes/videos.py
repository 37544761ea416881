"""Videos, matched as jobs: sent, followed, looked at, cancelled, gone on with."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from typing_extensions import TypedDict

from api.http.auth.principal import LiveAccess, Principal, ReadAccess
from api.http.engine import Engine, EngineDep
from api.http.jobs.record import (
    ANNOTATED,
    EVENTS,
    UPLOAD,
    Job,
    JobKind,
    JobState,
    job_json,
)
from api.http.jobs.uploads import receive_file, reserved
from api.http.jobs.video_files import check_video_file
from api.http.problems import Problem, refusals_of
from api.http.requests.film_addresses import check_film_address, parse_film_address
from api.http.requests.pagination import decode_offset, encode_cursor, parse_event_id
from api.http.requests.uploads import media_type, read_object
from api.http.routes.catalogs import Cursor, Limit
from client.records import JobJson, VideoEventsJson

router = APIRouter(tags=["videos"])

POLL_S: Final = 0.5  # between two looks at a job's file of events
MOST_EVENTS: Final = 10**9  # beyond those of any film
MOST_LINES: Final = 1000  # events in one answer
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_FORM: Final = {"type": "object", "properties": {"video": _BINARY["schema"]}}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": _BINARY,
            "multipart/form-data": {"schema": _FORM},
            "application/json": {
                "schema": {"type": "object", "properties": {"address": {"type": "string"}}},
                "example": {"address": "s3://films/monday.mp4"},
            },
        },
    }
}


class VideosJson(TypedDict):
    """One page of videos, newest first."""

    videos: list[JobJson]
    next_cursor: str | None


@router.get(
    "/catalogs/{catalog}/videos", summary="List a catalog's videos", responses=refusals_of(404)
)
def list_videos(
    engine: EngineDep, _: ReadAccess, catalog: str, limit: Limit = 50, cursor: Cursor = None
) -> VideosJson:
    """Videos, newest first."""
    place = decode_offset(cursor)
    jobs = [job for job in engine.jobs.list() if _is_video(job) and job.catalog == catalog]
    page = jobs[place : place + limit]
    more = encode_cursor(place + limit) if len(jobs) > place + limit else None
    return {"videos": [job_json(job) for job in page], "next_cursor": more}


@router.post(
    "/catalogs/{catalog}/videos",
    status_code=HTTPStatus.ACCEPTED,
    summary="Find products in a video",
    responses=refusals_of(404, 409, 415),
    openapi_extra=_BODY,
)
async def send_video(
    engine: EngineDep,
    principal: LiveAccess,
    catalog: str,
    request: Request,
    response: Response,
    annotated: Annotated[bool, Query(description="Also draw what is found.")] = True,
    name: Annotated[str, Query(max_length=300, description="For people.")] = "",
) -> JobJson:
    """Send a video file, or say where one lies in a bucket; it is matched when its turn comes."""
    await asyncio.to_thread(engine.catalogs.store, catalog)
    order: dict[str, Any] = {"annotated": annotated}
    if media_type(request) == "application/json":
        order["address"] = parse_film_address(await read_object(request))
        check_film_address(order["address"], principal, engine.services.settings)
    async with reserved(engine.jobs, principal.key_id) as (job_id, folder):
        if "address" in order:
            file_name = str(order["address"]).rpartition("/")[2]
        else:
            hold = partial(engine.jobs.uploads.hold, job_id)
            file_name = await receive_file(request, folder / UPLOAD, "video", hold)
            await engine.executor.run(check_video_file, folder / UPLOAD)
        job = await asyncio.to_thread(
            engine.jobs.add, job_id, JobKind.VIDEO, catalog, name or file_name, order
        )
    response.headers["Location"] = f"/v1/videos/{job_id}"
    return job_json(job)


@router.get("/videos/{video_id}", summary="Show a video's job", responses=refusals_of(404))
def show_video(engine: EngineDep, principal: ReadAccess, video_id: str) -> JobJson:
    """Progress while it runs; appearances when it is done."""
    return job_json(_video(engine, principal, video_id))


@router.delete(
    "/videos/{video_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Remove a video",
    responses=refusals_of(404),
)
def remove_video(engine: EngineDep, principal: LiveAccess, video_id: str) -> None:
    """Cancel its job and remove everything of it."""
    _video(engine, principal, video_id)
    engine.jobs.forget(video_id)


@router.get(
    "/videos/{video_id}/events",
    summary="What was found so far",
    response_model=VideoEventsJson,
    responses={**refusals_of(404), 200: {"content": {"text/event-stream": {}}}},
)
async def video_events(
    engine: EngineDep,
    principal: ReadAccess,
    video_id: str,
    cursor: Cursor = None,
    accept: Annotated[str, Header()] = "",
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response | VideoEventsJson:
    """JSON from a cursor on; with `Accept: text/event-stream` as they are found."""
    job = _video(engine, principal, video_id)
    path = engine.jobs.folder(video_id) / EVENTS
    place = decode_offset(cursor)
    if "text/event-stream" in accept:
        known = parse_event_id(last_event_id, MOST_EVENTS)
        place = place if known is None else known
        lines = _stream_events(engine, video_id, path, place)
        return StreamingResponse(lines, media_type="text/event-stream")
    found = await asyncio.to_thread(_read_lines, path, place)
    return {
        "events": [json.loads(line) for line in found],
        "next_cursor": encode_cursor(place + len(found)),
        "state": str(job.state),
    }


@router.get(
    "/videos/{video_id}/annotated.mp4",
    summary="The video with everything drawn",
    response_class=FileResponse,
    responses={**refusals_of(404), 200: {"content": {"video/mp4": {}}}, 206: {}, 416: {}},
)
def annotated_video(engine: EngineDep, principal: ReadAccess, video_id: str) -> FileResponse:
    """An MP4, with ranges."""
    job = _video(engine, principal, video_id)
    path = engine.jobs.folder(video_id) / ANNOTATED
    if job.state is not JobState.DONE or not path.is_file():
        raise Problem(HTTPStatus.NOT_FOUND, f"video {video_id} is not drawn (yet)")
    return FileResponse(path, media_type="video/mp4")


@router.get(
    "/videos/{video_id}/video",
    summary="The video as it was sent",
    response_class=FileResponse,
    responses={**refusals_of(404), 200: {"content": {"video/mp4": {}}}, 206: {}, 416: {}},
)
def original_video(engine: EngineDep, principal: ReadAccess, video_id: str) -> FileResponse:
    """The file, with ranges, under a type that is no page whatever it holds."""
    _video(engine, principal, video_id)
    path = engine.jobs.folder(video_id) / UPLOAD
    if not path.is_file():
        raise Problem(HTTPStatus.NOT_FOUND, f"video {video_id} is not fetched (yet)")
    return FileResponse(path, media_type="video/mp4")


def _video(engine: Engine, principal: Principal, video_id: str) -> Job:
    job = engine.jobs.get(video_id)
    if not _is_video(job):
        raise Problem(HTTPStatus.NOT_FOUND, f"there is no video {video_id[:64]}")
    principal.check(job.catalog)
    return job


def _is_video(job: Job) -> bool:
    return job.kind is JobKind.VIDEO


def _read_lines(path: Path, place: int) -> list[str]:
    """Return the whole lines from a place on."""
    try:
        with path.open(encoding="utf-8") as file:
            rest = [line for number, line in enumerate(file) if number >= place]
    except FileNotFoundError:
        return []
    return [line for line in rest[:MOST_LINES] if line.endswith("\n")]


async def _stream_events(
    engine: Engine, video_id: str, path: Path, place: int
) -> AsyncIterator[str]:
    sent = ""
    while True:
        job = engine.jobs.get(video_id)
        found = await asyncio.to_thread(_read_lines, path, place)
        for line in found:
            place += 1
            yield f"id: {place}\nevent: appearance\ndata: {line}\n"
        if (progress := json.dumps(job_json(job))) != sent:
            sent = progress
            yield f"event: progress\ndata: {progress}\n\n"
        if (job.state.is_final and not found) or engine.shutdown.is_set:
            yield f"event: end\ndata: {json.dumps({'state': str(job.state)})}\n\n"
            return
        await asyncio.sleep(POLL_S)
