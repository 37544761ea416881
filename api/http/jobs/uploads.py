"""Large bodies, streamed to the disk as they come."""

import asyncio
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Final, NoReturn

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from api.http.problems import Problem
from api.http.requests.spooled_forms import FormBounds, read_form
from api.http.requests.uploads import media_type

CHUNK: Final = 1 << 20  # bytes, held in memory and written at once
SHOWN: Final = 60  # characters of a field's name, in a refusal
_BOUNDS: Final = FormBounds(files=1, fields=8, field_bytes=1_000_000)
KINDS: Final = ("video/", "application/octet-stream", "application/zip", "application/mp4")


async def receive_file(request: Request, target: Path, part: str) -> str:
    """Write a body, or the file of a form, to the disk; never more than a megabyte in memory.

    Args:
        request: with the body.
        target: to write; its folder is removed when the body does not come whole.
        part: the form's field.

    Returns:
        The file's name, given by the client; for people alone.

    Raises:
        Problem: it is of a wrong type, or was broken off.
        OSError: the disk refused.
    """
    kind = media_type(request)
    try:
        if kind == "multipart/form-data":
            name = await _of_form(request, target, part)
        elif kind.startswith(KINDS):
            name = request.query_params.get("name", "upload")
            await _of_body(request, target)
        else:
            _refuse_kind(part)
    except ClientDisconnect:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise Problem(HTTPStatus.BAD_REQUEST, "the upload was broken off") from None
    except BaseException:
        shutil.rmtree(target.parent, ignore_errors=True)
        raise
    return name


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
