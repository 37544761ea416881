"""Large bodies, streamed to the disk as they come."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final, NoReturn

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from api.http.jobs.runner import JobRunner
from api.http.problems import Problem
from api.http.requests.spooled_forms import FormBounds, read_form
from api.http.requests.uploads import media_type

CHUNK: Final = 1 << 20  # bytes, held in memory and written at once
SHOWN: Final = 60  # characters of a field's name, in a refusal
_BOUNDS: Final = FormBounds(files=1, fields=8, field_bytes=1_000_000)
KINDS: Final = ("video/", "application/octet-stream", "application/zip", "application/mp4")

Hold = Callable[[int, int], None]


@asynccontextmanager
async def reserved(jobs: JobRunner, owner: str) -> AsyncIterator[tuple[str, Path]]:
    """Yield the id and the folder of a new job; without `add` in the block, nothing of it stays.

    Raises:
        Problem: too many jobs wait.
        OSError: the disk refused.
    """
    job_id, folder = await asyncio.to_thread(jobs.reserve, owner)
    try:
        yield job_id, folder
    except BaseException:
        await asyncio.shield(asyncio.to_thread(jobs.discard, job_id))
        raise


async def receive_file(request: Request, target: Path, part: str, hold: Hold) -> str:
    """Write a body, or the file of a form, to the disk; never more than a megabyte in memory.

    Args:
        request: with the body.
        target: to write.
        part: the form's field.
        hold: takes the bytes so far and in all, before they are written; see `UploadQuota.hold`.

    Returns:
        The file's name, given by the client; for people alone.

    Raises:
        Problem: it is of a wrong type, or was broken off.
        QuotaExceeded: it would be too much for its key, or in all.
        StorageUnavailable: the disk would be too full.
        OSError: the disk refused.
    """
    kind = media_type(request)
    if kind != "multipart/form-data" and not kind.startswith(KINDS):
        _refuse_kind(part)
    announced = int(request.headers.get("content-length", "0"))
    await asyncio.to_thread(hold, 0, announced)
    counted = Request(request.scope, _counted(request.receive, announced, hold))
    try:
        if kind == "multipart/form-data":
            return await _of_form(counted, target, part)
        await _of_body(counted, target)
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "the upload was broken off") from None
    return request.query_params.get("name", "upload")


def _counted(receive: Receive, announced: int, hold: Hold) -> Receive:
    """Return a `receive` that counts the body, a megabyte at a time."""
    received = held = 0

    async def counted() -> Message:
        nonlocal received, held
        message = await receive()
        received += len(message.get("body", b""))
        is_last = message["type"] == "http.request" and not message.get("more_body", False)
        if received - held >= CHUNK or (is_last and received > held):
            held = received
            await asyncio.to_thread(hold, received, announced)
        return message

    return counted


def _refuse_kind(part: str) -> NoReturn:
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"send the file as the body (application/octet-stream) or as `{part}` of a form",
    )


async def _of_body(request: Request, target: Path) -> None:
    file = await asyncio.to_thread(target.open, "wb")
    try:
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= CHUNK:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
    finally:
        await asyncio.to_thread(file.close)


async def _of_form(request: Request, target: Path, part: str) -> str:
    async with read_form(request, target.parent, _BOUNDS) as form:
        upload = form.get(part)
        if unknown := sorted(set(form) - {part}):
            shown = ascii(unknown[0][:SHOWN])
            detail = f"form: there is no field {shown} here; send the file as `{part}` alone"
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid")
        if not isinstance(upload, UploadFile):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"send a file as `{part}`", "invalid")
        with await asyncio.to_thread(target.open, "wb") as file:
            await asyncio.to_thread(shutil.copyfileobj, upload.file, file, CHUNK)
        return upload.filename or "upload"
