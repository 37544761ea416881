"""Bodies that carry pictures: multipart forms or a bare picture, bounded before they are read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import isfinite
from typing import Any, Final

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.http.problems import Problem
from catalog.ingest.image_file import ImageFile

MOST_FILES: Final = 64  # in a form
MOST_FIELDS: Final = 64  # in a form
MOST_FIELD_BYTES: Final = 1_000_000
LARGEST_PICTURE: Final = 50_000_000  # bytes of a file
LARGEST_FORM: Final = 400_000_000  # bytes of all its files
_DIGITS: Final = 300  # of a number; a float has up to 308 before its point
_SHOWN: Final = 20  # characters of a number, in a refusal
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


async def read_upload(request: Request) -> Upload:
    """Read a form with pictures, a bare picture, or a JSON object of fields without pictures.

    Raises:
        Problem: it is none of these, or too large.
    """
    kind = media_type(request)
    if kind == _MULTIPART:
        return await _of_form(request)
    if is_bare_picture(request):
        data = await read_body(request, LARGEST_PICTURE)
        return Upload((ImageFile("picture", data),), dict(request.query_params))
    if kind == "application/json":
        fields = parse_json(await read_body(request, MOST_FIELD_BYTES), "body")
        if not isinstance(fields, dict):
            raise _invalid("body: send a JSON object")
        return Upload(fields=fields)
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


async def _of_form(request: Request) -> Upload:
    # Parts beyond a megabyte lie in a temporary file while the form is read.
    try:
        async with request.form(
            max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD_BYTES
        ) as form:
            fields = {key: value for key, value in form.multi_items() if isinstance(value, str)}
            parts = tuple(key for key, value in form.multi_items() if isinstance(value, UploadFile))
            return Upload(await _pictures(form), fields, parts)
    except HTTPException as error:
        if not str(error.detail).startswith("Too many files"):
            raise
        detail = f"the form has over {MOST_FILES} pictures; send fewer at once"
        raise Problem(HTTPStatus.BAD_REQUEST, detail) from error


async def _pictures(form: FormData) -> tuple[ImageFile, ...]:
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    if any((file.size or 0) > LARGEST_PICTURE for file in files):
        raise _too_large(LARGEST_PICTURE)
    if sum(file.size or 0 for file in files) > LARGEST_FORM:
        raise _too_large(LARGEST_FORM)
    named: list[ImageFile] = []
    for number, file in enumerate(files, 1):
        named.append(ImageFile(file.filename or f"picture {number}", await file.read()))
    return tuple(named)


def _too_large(most: int) -> Problem:
    detail = f"this is too large; send at most {most // 1_000_000} MB"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)


def _invalid(detail: str) -> Problem:
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, "invalid")
