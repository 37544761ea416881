"""Errors as `application/problem+json` (RFC 9457): one table from exceptions to statuses."""

import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.errors import KeysDamaged, QuotaExceeded, Refused, sentence
from catalog import errors as catalog_errors
from matcher.errors import MatcherError
from matcher.live import LiveError, NoSuchSession, TooManySessions
from stream.errors import StreamError

MEDIA_TYPE: Final = "application/problem+json"
FAULT: Final = "skulens failed at this; the log says why, under the request's id"
RETRY_S: Final = 1  # seconds; the value of Retry-After

_logger: Final = logging.getLogger(__name__)


class Problem(Exception):
    """A refusal with its status.

    Attributes:
        status: of HTTP.
        detail: one sentence for people.
        kind: the last part of the problem's `type`; from the status when empty.
        headers: to be sent along.
    """

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        kind: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind or _kind(status)
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class _Row:
    status: HTTPStatus
    kind: str = ""
    retry: bool = False


# The nearest base class decides.
TABLE: Final[Mapping[type[Exception], _Row]] = {
    catalog_errors.NotFound: _Row(HTTPStatus.NOT_FOUND),
    catalog_errors.AlreadyExists: _Row(HTTPStatus.CONFLICT, "already-exists"),
    catalog_errors.Invalid: _Row(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
    catalog_errors.PictureError: _Row(HTTPStatus.UNPROCESSABLE_ENTITY, "picture"),
    catalog_errors.NewerFormat: _Row(HTTPStatus.CONFLICT, "newer-format"),
    catalog_errors.VersionNotReached: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "behind", retry=True),
    catalog_errors.Conflict: _Row(HTTPStatus.CONFLICT),
    catalog_errors.Undetermined: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "undetermined", retry=True),
    catalog_errors.StorageUnavailable: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "storage", retry=True),
    catalog_errors.CatalogError: _Row(HTTPStatus.INTERNAL_SERVER_ERROR, "damaged"),
    NoSuchSession: _Row(HTTPStatus.NOT_FOUND),
    TooManySessions: _Row(HTTPStatus.TOO_MANY_REQUESTS, "too-many-sessions", retry=True),
    LiveError: _Row(HTTPStatus.CONFLICT, "live"),
    MatcherError: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "networks"),
    StreamError: _Row(HTTPStatus.UNPROCESSABLE_ENTITY, "source"),
    Refused: _Row(HTTPStatus.CONFLICT, "refused"),
    QuotaExceeded: _Row(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "quota"),
    KeysDamaged: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "keys", retry=True),
    OSError: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "storage", retry=True),
    sqlite3.Error: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "storage", retry=True),
    MemoryError: _Row(HTTPStatus.SERVICE_UNAVAILABLE, "memory", retry=True),
}


def problem_response(
    status: int,
    detail: str,
    kind: str = "",
    headers: Mapping[str, str] | None = None,
    **more: object,
) -> JSONResponse:
    """Return a problem as a response; `more` are further members of it."""
    known = HTTPStatus(status)
    body = {
        "type": f"urn:skulens:problem:{kind or _kind(known)}",
        "title": known.phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return JSONResponse(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Make an application answer every error as a problem."""
    # Starlette's types do not know that a handler gets what it is registered for.
    app.add_exception_handler(Problem, _of_problem)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _of_http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _of_validation)  # type: ignore[arg-type]
    for kind in TABLE:
        app.add_exception_handler(kind, _of_table)
    app.add_exception_handler(Exception, _of_fault)


def _of_problem(_: Request, error: Problem) -> JSONResponse:
    return problem_response(error.status, error.detail, error.kind, error.headers)


def _of_http(request: Request, error: HTTPException) -> JSONResponse:
    detail = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND and detail == HTTPStatus.NOT_FOUND.phrase:
        detail = f"there is nothing at {request.url.path}"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible here"
    return problem_response(error.status_code, detail, headers=error.headers)


def _of_validation(_: Request, error: RequestValidationError) -> JSONResponse:
    wrong = [
        {"where": ".".join(map(str, fault["loc"])), "message": str(fault["msg"])}
        for fault in error.errors()
    ]
    first = wrong[0] if wrong else {"where": "request", "message": "it is not valid"}
    detail = f"{first['where']}: {first['message']}"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return problem_response(status, detail, "invalid", errors=wrong)


def _of_table(_: Request, error: Exception) -> JSONResponse:
    return response_of(error)


def response_of(error: Exception) -> JSONResponse:
    """Return the response to an error of `TABLE`."""
    row = next(TABLE[base] for base in type(error).__mro__ if base in TABLE)
    if row.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _logger.warning("%s: %s", type(error).__name__, sentence(error))
    headers = {"Retry-After": str(RETRY_S)} if row.retry else {}
    more = {"picture": error.name} if isinstance(error, catalog_errors.PictureError) else {}
    return problem_response(row.status, sentence(error), row.kind, headers, **more)


def _of_fault(request: Request, error: Exception) -> JSONResponse:
    _logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, "fault")


def _kind(status: HTTPStatus) -> str:
    return status.phrase.lower().replace(" ", "-").replace("'", "")


def refusals_of(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's description of a route's refusals, with those that any route may give."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": _example(status),
                }
            },
        }
        for status in sorted({400, 401, 403, 413, 422, 429, 503, *statuses})
    }


def _example(status: int) -> dict[str, Any]:
    known = HTTPStatus(status)
    return {
        "type": f"urn:skulens:problem:{_kind(known)}",
        "title": known.phrase,
        "status": status,
        "detail": "one sentence: what was wrong, where, and how to mend it",
    }


SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "picture": {"type": "string", "description": "which one cannot be used"},
    },
}
