"""Refusals on the way to the engine."""

from http import HTTPStatus

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from api.http.edge.problem_answers import ProblemAnswers
from api.http.problems import Problem
from tests.api.http.edge.asgi import answering, drive, headers_of, http_scope, raising


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
