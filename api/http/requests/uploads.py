"""Bodies that carry pictures: multipart forms or a bare picture, bounded before they are read."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from math import isfinite
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.http.problems import Problem
from api.http.requests.body_budget import BodyBudget
from api.http.requests.spooled_forms import (
    SPOOL_BYTES,
    FormBounds,
    read_form,
    read_whole,
    spooled_file,
)
from catalog.ingest.image_file import ImageFile

MOST_FILES: Final = 64  # in a form
MOST_FIELDS: Final = 64  # in a form
MOST_FIELD_BYTES: Final = 1_000_000
LARGEST_PICTURE: Final = 50_000_000  # bytes of a file
LARGEST_FORM: Final = 400_000_000  # bytes of all its files
_DIGITS: Final = 300  # of a number; a float has up to 308 before its point
_SHOWN: Final = 20  # characters of a number, in a refusal
_BOUNDS: Final = FormBounds(MOST_FILES, MOST_FIELDS, MOST_FIELD_BYTES)
_MULTIPART: Final = "multipart/form-data"
_BARE: Final = "application/octet-stream"

_PICTURE: Final = {"type": "string", "format": "binary"}

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Upload:
    """The body of a request.

    Attributes:
        pictures: files, in their order.
        fields: everything else; a field that came twice has its last value.
        parts: the form's field that each picture came as; empty for a bare picture.
    """

    pictures: tuple[ImageFile, ...] = ()
    fields: Json = field(default_factory=dict)
    parts: tuple[str, ...] = ()

    def pictures_as(self, part: str) -> tuple[ImageFile, ...]:
        """Return the pictures that came as this field of a form."""
        both = zip(self.pictures, self.parts, strict=False)
        return tuple(picture for picture, name in both if name == part)

    def text(self, name: str, default: str = "") -> str:
        """Return a field as text.

        Raises:
            Problem: it is something else.
        """
        value = self.fields.get(name, default)
        if not isinstance(value, str):
            raise _invalid(f"{name} must be a text")
        return value

    def record(self, name: str) -> Json | None:
        """Return a field that holds a JSON object; None if it did not come.

        Raises:
            Problem: it holds something else.
        """
        value = self.fields.get(name)
        if isinstance(value, str):
            value = parse_json(value.encode(), name)
        if value is not None and not isinstance(value, dict):
            raise _invalid(f"{name} must be a JSON object")
        return value

    def only_picture(self) -> ImageFile:
        """Return the one picture.

        Raises:
            Problem: there is none, or more than one.
        """
        if len(self.pictures) != 1:
            raise _invalid(f"send one picture as `image`; there are {len(self.pictures)}")
        return self.pictures[0]


def picture_body(example: dict[str, Any] | None = None, **fields: object) -> dict[str, Any]:
    """Describe a body with one picture for OpenAPI.

    Args:
        example: of a JSON body that may come instead of a bare picture.
        fields: schemas of what a form has beside the picture.
    """
    form = {"type": "object", "properties": {"image": _PICTURE, **fields}}
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if example is None:
        content["image/*"] = {"schema": _PICTURE}
    else:
        content["application/json"] = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": content}}


async def read_upload(request: Request) -> AsyncIterator[Upload]:
    """Read a form with pictures, a bare picture, or a JSON object of fields without pictures.

    What is large lies on the disk, until the request is answered.

    Raises:
        Problem: it is none of these, or too large.
    """
    kind = media_type(request)
    if kind == _MULTIPART:
        async with _form(request) as form:
            upload = _of_form(form)
            files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
            async with _turn(request, max((file.size or 0 for file in files), default=0)):
                yield upload
        return
    if is_bare_picture(request):
        with spooled_file(_folder(request)) as file:
            size = await _spool(request, file)
            picture = ImageFile("picture", partial(read_whole, file))
            async with _turn(request, size):
                yield Upload((picture,), dict(request.query_params))
        return
    if kind == "application/json":
        fields = parse_json(await read_body(request, MOST_FIELD_BYTES), "body")
        if not isinstance(fields, dict):
            raise _invalid("body: send a JSON object")
        yield Upload(fields=fields)
        return
    raise Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "send multipart/form-data with `image`, a picture as image/*, or JSON where no picture "
        "is needed",
    )


def is_bare_picture(request: Request) -> bool:
    """Return whether a body is a picture alone, whose fields stand in the query."""
    kind = media_type(request)
    return kind.startswith("image/") or kind == _BARE


def media_type(request: Request) -> str:
    """Return the content type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes.

    Raises:
        Problem: it is larger.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


async def read_object(request: Request) -> Json:
    """Read a small JSON object.

    Raises:
        Problem: it is something else.
    """
    if media_type(request) not in ("application/json", "application/merge-patch+json"):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
    value = parse_json(await read_body(request, MOST_FIELD_BYTES), "body")
    if not isinstance(value, dict):
        raise _invalid("body: send a JSON object")
    return value


def parse_json(data: bytes, where: str) -> object:
    """Parse JSON of a client.

    Raises:
        Problem: it is invalid, or holds numbers or characters that are none.
    """
    try:
        parsed: object = json.loads(
            data, parse_constant=_no_number, parse_float=_float, parse_int=_integer
        )
        if b"\\u" in data:  # half a character can only be written so, and is stored nowhere
            json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _invalid(f"{where} holds half of a character (\\ud800 to \\udfff)") from error
    except (ValueError, RecursionError) as error:
        raise _invalid(f"{where} is no JSON ({error})") from error
    return parsed


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:_SHOWN]} is beyond all numbers")
    return number


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise ValueError(f"a number of {len(text)} digits is beyond all numbers")
    return int(text)


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    reading = read_form(request, _folder(request), _BOUNDS)
    async with AsyncExitStack() as stack:
        try:
            form = await stack.enter_async_context(reading)
        except HTTPException as error:
            if not str(error.detail).startswith("Too many files"):
                raise
            detail = f"the form has over {MOST_FILES} pictures; send fewer at once"
            raise Problem(HTTPStatus.BAD_REQUEST, detail) from error
        yield form


def _of_form(form: FormData) -> Upload:
    items = form.multi_items()
    files = [(part, value) for part, value in items if isinstance(value, UploadFile)]
    if any((file.size or 0) > LARGEST_PICTURE for _, file in files):
        raise _too_large(LARGEST_PICTURE)
    if sum(file.size or 0 for _, file in files) > LARGEST_FORM:
        raise _too_large(LARGEST_FORM)
    pictures = tuple(
        ImageFile(file.filename or f"picture {number}", partial(read_whole, file.file))
        for number, (_, file) in enumerate(files, 1)
    )
    fields = {key: value for key, value in items if isinstance(value, str)}
    return Upload(pictures, fields, tuple(part for part, _ in files))


async def _spool(request: Request, file: "SpooledTemporaryFile[bytes]") -> int:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_PICTURE:
            raise _too_large(LARGEST_PICTURE)
        if size > SPOOL_BYTES:  # it lies on the disk, which may be slow
            await asyncio.to_thread(file.write, chunk)
        else:
            file.write(chunk)
    return size


def _turn(request: Request, largest: int) -> AbstractAsyncContextManager[None]:
    bodies: BodyBudget = request.state.engine.bodies
    return bodies.alone_if_huge(largest)


def _folder(request: Request) -> Path:
    folder: Path = request.state.engine.options.spool
    return folder


def _too_large(most: int) -> Problem:
    detail = f"this is too large; send at most {most // 1_000_000} MB"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def _invalid(detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid")
