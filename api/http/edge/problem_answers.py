"""Refusals raised on the way to the engine, answered as `application/problem+json`."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.edge.messages import starts_answer
from api.http.problems import Problem, problem_response

# RFC 6455, section 7.4.1: the peer broke a policy of the server.
_POLICY_VIOLATION = 1008


class ProblemAnswers:
    """Answers a `Problem` or an `HTTPException`, unless the answer has begun already.

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
        except (Problem, HTTPException) as error:
            if not has_begun:
                await _answer(error, scope, receive, send)


async def _answer(
    error: Problem | HTTPException, scope: Scope, receive: Receive, send: Send
) -> None:
    if isinstance(error, Problem):
        response = problem_response(error.status, error.detail, error.kind, error.headers)
    else:
        response = problem_response(error.status_code, str(error.detail), "", error.headers)
    is_socket = scope["type"] == "websocket"
    if is_socket and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        return
    await response(scope, receive, send)
