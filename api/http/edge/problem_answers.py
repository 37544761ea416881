"""Refusals raised on the way to the engine, answered as `application/problem+json`."""

import logging
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.edge.messages import starts_answer
from api.http.problems import FAULT, TABLE, Problem, problem_response, response_of

# RFC 6455, section 7.4.1: the peer broke a policy of the server.
_POLICY_VIOLATION = 1008

_logger: Final = logging.getLogger(__name__)


class ProblemAnswers:
    """Answers whatever is raised inside, unless the answer has begun already.

    A client that left in the middle of its request gets none, and is no fault.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        has_begun = False

        async def note_start(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or starts_answer(message)
            await send(message)

        try:
            await self._app(scope, receive, note_start)
        except ClientDisconnect:
            return
        except Exception as error:
            # Whatever broke in one request, the connection gets its answer.
            if not isinstance(error, (Problem, HTTPException, *TABLE)):
                _logger.exception("%s %s failed", scope.get("method", "WebSocket"), scope["path"])
            if not has_begun:
                await _answer(_response(error), scope, receive, send)


def _response(error: Exception) -> Response:
    if isinstance(error, Problem):
        return problem_response(error.status, error.detail, error.kind, error.headers)
    if isinstance(error, HTTPException):
        return problem_response(error.status_code, str(error.detail), "", error.headers)
    if isinstance(error, tuple(TABLE)):
        return response_of(error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, "fault")


async def _answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    is_socket = scope["type"] == "websocket"
    if is_socket and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    await response(scope, receive, send)
