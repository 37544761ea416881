"""Every refusal has a status, a kind and one sentence."""

import inspect
import json
from types import ModuleType

import pytest
from fastapi import FastAPI
from starlette.types import Message

from api.errors import Refused, SettingsError
from api.http.problems import MEDIA_TYPE, TABLE, Problem, install_problem_handlers, refusals_of
from catalog import errors as catalog_errors
from catalog.errors import NotFound, PictureError, Undetermined
from matcher import errors as matcher_errors
from matcher.errors import LicenceError
from matcher.live import errors as live_errors
from stream import errors as stream_errors
from tests.api.http.edge.asgi import drive, headers_of, http_scope

MODULES = (catalog_errors, matcher_errors, live_errors, stream_errors)


def refused(error: Exception, path: str = "/x", method: str = "GET") -> list[Message]:
    """Messages of an application whose only route fails so."""
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/x")
    def fail() -> None:
        raise error

    return drive(app, http_scope(path, method))


def errors_of(module: ModuleType) -> list[type[Exception]]:
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass)]
    return [kind for kind in kinds if issubclass(kind, Exception)]


@pytest.mark.parametrize("kind", [kind for module in MODULES for kind in errors_of(module)])
def test_every_error_of_the_packages_has_a_row(kind: type[Exception]) -> None:
    row = next(TABLE[base] for base in kind.__mro__ if base in TABLE)
    assert 400 <= row.status < 600


@pytest.mark.parametrize(
    ("error", "status", "kind", "retry"),
    [
        (NotFound("none"), 404, "not-found", None),
        (Undetermined("perhaps"), 503, "undetermined", "1"),
        (PictureError("broken", "tea.png"), 422, "picture", None),
        (LicenceError("not for sale"), 503, "networks", None),
        (Refused("no"), 409, "refused", None),
        (SettingsError("no"), 409, "refused", None),
        (PermissionError(13, "Permission denied", "a"), 503, "storage", "1"),
        (MemoryError(), 503, "memory", "1"),
        (Problem(418, "tea only", "teapot"), 418, "teapot", None),  # type: ignore[arg-type]
    ],
)
def test_the_nearest_base_class_decides(
    error: Exception, status: int, kind: str, retry: str | None
) -> None:
    sent = refused(error)
    headers, body = headers_of(sent), json.loads(sent[1]["body"])
    assert (sent[0]["status"], body["status"]) == (status, status)
    assert body["type"] == f"urn:skulens:problem:{kind}"
    assert (headers["content-type"], headers.get("retry-after")) == (MEDIA_TYPE, retry)
    assert body.get("picture") == getattr(error, "name", None)
    assert body["detail"]


def test_what_is_not_there_or_not_possible_is_named() -> None:
    nothing = refused(Refused(""), "/y")
    assert json.loads(nothing[1]["body"])["detail"] == "there is nothing at /y"
    impossible = refused(Refused(""), "/x", "DELETE")
    assert impossible[0]["status"] == 405
    assert json.loads(impossible[1]["body"])["detail"] == "DELETE is not possible here"


def test_a_route_documents_its_refusals_and_those_of_all() -> None:
    described = refusals_of(404)
    assert list(described) == [400, 401, 403, 404, 413, 422, 429, 503]
    assert described[404]["description"] == "Not Found"
