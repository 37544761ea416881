"""Each layer before the engine does its one thing."""

import logging
from http import HTTPStatus
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.auth.authenticator import Authenticator
from api.http.auth.cookies import CookieSigner
from api.http.auth.keys import KeyStore
from api.http.auth.principal import HEADER, principal_from
from api.http.edge import body_limit
from api.http.edge.access_log import AccessLog
from api.http.edge.authentication import Authentication
from api.http.edge.body_limit import ONE_IMAGE, SMALL_BODY, BodyLimit
from api.http.edge.messages import stack
from api.http.edge.problem_answers import ProblemAnswers
from api.http.edge.request_ids import RequestIds
from api.http.edge.security_headers import API_HEADERS, PAGE_HEADERS, SecurityHeaders
from api.http.problems import Problem
from tests.api.http.edge.asgi import answering, drive, headers_of, http_scope, raising, reading


class Named:
    """Middleware that notes when it is passed."""

    def __init__(self, app: ASGIApp, passed: list[str], name: str) -> None:
        self._app, self._passed, self._name = app, passed, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._passed.append(self._name)
        await self._app(scope, receive, send)


def test_the_first_of_a_stack_comes_first() -> None:
    passed: list[str] = []
    app = stack(answering(), [Middleware(Named, passed, name) for name in ("outer", "inner")])
    drive(app, http_scope())
    assert passed == ["outer", "inner"]


@pytest.mark.parametrize(("given", "is_kept"), [("abc-1", True), ("a b", False), ("", False)])
def test_an_id_that_can_be_one_is_kept(given: str, is_kept: bool) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await answering(x_request_id="the engine's")(scope, receive, send)

    sent = drive(RequestIds(app), http_scope(x_request_id=given))
    request_id = headers_of(sent)["x-request-id"]
    assert (request_id == given) == is_kept
    assert scopes[0]["request_id"] == request_id
    assert [text for name, text in scopes[0]["headers"] if name == b"x-request-id"] == [
        request_id.encode()
    ]


def test_one_line_names_client_request_and_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope["key_id"] = "k1"
        await answering(204)(scope, receive, send)

    with caplog.at_level(logging.INFO, "skulens.access"):
        drive(AccessLog(app), http_scope("/v1/catalogs", "DELETE"))
    (record,) = caplog.records
    line = vars(record)
    assert (line["method"], line["path"], line["status"]) == ("DELETE", "/v1/catalogs", 204)
    assert (line["key_id"], line["client"], line["request_id"]) == ("k1", "127.0.0.1", "r")


def test_what_breaks_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "skulens.access"), pytest.raises(ValueError, match="broken"):
        drive(AccessLog(raising(ValueError("broken"))), http_scope())
    assert len(caplog.records) == 1


def test_headers_are_added_and_those_of_the_answer_stay() -> None:
    sent = drive(SecurityHeaders(answering(cache_control="private"), API_HEADERS), http_scope())
    assert headers_of(sent)["cache-control"] == "private"
    assert headers_of(sent)["x-frame-options"] == "DENY"


def test_the_headers_of_the_page_win_over_those_of_the_api() -> None:
    page = SecurityHeaders(answering(), PAGE_HEADERS)
    sent = drive(SecurityHeaders(page, API_HEADERS), http_scope())
    assert headers_of(sent)["cache-control"] == "no-cache"
    assert "script-src 'self'" in headers_of(sent)["content-security-policy"]
    assert headers_of(sent)["x-content-type-options"] == "nosniff"


def test_a_refusal_becomes_a_problem() -> None:
    refusal = Problem(HTTPStatus.FORBIDDEN, "not you", headers={"X-Why": "so"})
    sent = drive(ProblemAnswers(raising(refusal)), http_scope())
    assert sent[0]["status"] == 403
    assert headers_of(sent)["content-type"] == "application/problem+json"
    assert headers_of(sent)["x-why"] == "so"
    sent = drive(ProblemAnswers(raising(HTTPException(404))), http_scope())
    assert sent[0]["status"] == 404


def test_a_refusal_after_the_answer_has_begun_adds_nothing() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answering()(scope, receive, send)
        raise Problem(HTTPStatus.FORBIDDEN, "too late")

    assert [message["type"] for message in drive(ProblemAnswers(app), http_scope())] == [
        "http.response.start",
        "http.response.body",
    ]


@pytest.mark.parametrize(
    ("extensions", "first"),
    [({"websocket.http.response": {}}, "websocket.http.response.start"), ({}, "websocket.close")],
)
def test_a_socket_is_refused_as_far_as_the_server_can(
    extensions: dict[str, object], first: str
) -> None:
    scope = {**http_scope(), "type": "websocket", "extensions": extensions}
    refusal = raising(Problem(HTTPStatus.UNAUTHORIZED, "who?"))
    assert drive(ProblemAnswers(refusal), scope)[0]["type"] == first


def guarded(folder: Path, app: ASGIApp) -> ASGIApp:
    signer = CookieSigner(b"secret")
    return Authentication(app, Authenticator(KeyStore(folder / "keys"), signer, exposed=False))


def test_the_engine_hears_who_asks_and_not_what_the_client_says(tmp_path: Path) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await answering()(scope, receive, send)

    scope = http_scope("/v1/catalogs", host="localhost", x_skulens_principal='["me",["admin"],[]]')
    drive(guarded(tmp_path, app), scope)
    principals = [text for name, text in scopes[0]["headers"] if name == HEADER.encode()]
    assert [principal_from(text.decode()).key_id for text in principals] == ["local"]
    assert scope["key_id"] == "local"


def test_a_stranger_is_refused_and_readiness_is_anybodys(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refused:
        drive(guarded(tmp_path, answering()), http_scope("/v1/catalogs", host="evil.example"))
    assert refused.value.status == 401
    assert (
        drive(guarded(tmp_path, answering()), http_scope("/readyz", host="x"))[0]["status"] == 200
    )


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/catalogs", SMALL_BODY),
        ("/v1/catalogs/shop/identify", ONE_IMAGE),
        ("/v1/catalogs/shop/videos", 9 * SMALL_BODY),
    ],
)
def test_a_body_is_bounded_by_its_route(path: str, most: int) -> None:
    limited = BodyLimit(reading([]), largest_upload=9 * SMALL_BODY)
    drive(limited, http_scope(path, "POST", content_length=str(most)))
    with pytest.raises(HTTPException) as refused:
        drive(limited, http_scope(path, "POST", content_length=str(most + 1)))
    assert refused.value.status_code == 413


@pytest.mark.parametrize("length", ["x", "-1", "²"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    with pytest.raises(HTTPException):
        drive(BodyLimit(reading([]), 1), http_scope(content_length=length))


def test_a_body_without_length_is_counted_while_it_is_read() -> None:
    chunk = {"type": "http.request", "body": b" " * SMALL_BODY, "more_body": True}
    bodies: list[bytes] = []
    with pytest.raises(HTTPException) as refused:
        drive(BodyLimit(reading(bodies), 1), http_scope("/v1/catalogs", "POST"), [chunk, chunk])
    assert refused.value.status_code == 413
    assert len(bodies) == 1


def test_a_body_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "IDLE_S", 0.01)

    async def silent(scope: Scope, _: Receive, send: Send) -> None:
        import asyncio

        async def receive() -> dict[str, object]:
            await asyncio.sleep(5)
            return {}

        await BodyLimit(reading([]), 1)(scope, receive, send)

    with pytest.raises(HTTPException) as refused:
        drive(silent, http_scope("/v1/catalogs", "POST"))
    assert refused.value.status_code == 408
