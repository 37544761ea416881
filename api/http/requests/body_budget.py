"""Bodies under way, bounded in bytes together: who comes when there is no room comes again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.problems import Problem, problem_response

MOST_COUNT: Final = 256  # bodies at once, however small
LARGE_BYTES: Final = 1_000_000  # from there on a body waits for a turn to be computed
RETRY_S: Final = 5  # seconds; a large body of somebody else's is received and worked on by then
HUGE_BYTES: Final = 8_000_000  # of one picture, from which on it is worked on without another such
# Films and archives go straight into the folder of their job, where quotas bound them.
_STREAMED: Final = ("videos", "import")


class BodyBudget:
    """Bytes of all bodies from their first byte to their answer; for one event loop."""

    def __init__(
        self, most: int, check_turn: Callable[[], None] = lambda: None, longest_wait_s: float = 10.0
    ) -> None:
        """Start with nothing under way.

        Args:
            most: bytes; a body is let in alone even if it has more.
            check_turn: raises `Problem` where whoever comes now would wait for too long.
            longest_wait_s: seconds that a huge picture waits for others.
        """
        self._longest_wait_s = longest_wait_s
        self._most = most
        self._check_turn = check_turn
        self._taken = 0
        self._count = 0
        self._huge = asyncio.Semaphore()

    def enter(self, size: int) -> None:
        """Take room for a new body, before it is read.

        Raises:
            Problem: there is no room for it, or no turn within a bearable time.
        """
        if size >= LARGE_BYTES:
            self._check_turn()
        if self._count >= MOST_COUNT:
            raise _no_room()
        self.grow(size)
        self._count += 1

    def grow(self, size: int) -> None:
        """Take room for more of a body that did not tell its length.

        Raises:
            Problem: there is none.
        """
        if self._taken and self._taken + size > self._most:
            raise _no_room()
        self._taken += size

    def leave(self, size: int) -> None:
        """Give back the room of a body."""
        self._count -= 1
        self._taken -= size

    @asynccontextmanager
    async def alone_if_huge(self, largest: int) -> AsyncIterator[None]:
        """Have the block to oneself among those with a huge picture, which takes 300 MB decoded.

        Raises:
            Problem: others took too long.
        """
        if largest < HUGE_BYTES:
            yield
            return
        try:
            async with asyncio.timeout(self._longest_wait_s):
                await self._huge.acquire()
        except TimeoutError:
            raise _no_room() from None
        try:
            yield
        finally:
            self._huge.release()


class BudgetedBodies:
    """Middleware that takes room for a body before it is read, and keeps it to the answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        size = _announced(scope)
        if size is None:
            await self._app(scope, receive, send)
            return
        budget: BodyBudget = scope["state"]["engine"].bodies
        try:
            budget.enter(size)
        except Problem as error:
            answer = problem_response(error.status, error.detail, error.kind, error.headers)
            await answer(scope, receive, send)
            return
        body = _CountedBody(budget, receive, size)
        try:
            await self._app(scope, body.receive, send)
        finally:
            budget.leave(body.size)


class _CountedBody:
    """A body that may have more bytes than were announced, as it has in chunks."""

    def __init__(self, budget: BodyBudget, receive: Receive, announced: int) -> None:
        self._budget = budget
        self._receive = receive
        self._received = 0
        self.size = announced

    async def receive(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self.size:
            self._budget.grow(self._received - self.size)
            self.size = self._received
        return message


def _announced(scope: Scope) -> int | None:
    """Bytes that a body is to have, 0 if that is not known; None for none, or a streamed one."""
    if scope["type"] != "http" or scope["path"].rpartition("/")[2] in _STREAMED:
        return None
    headers = Headers(scope=scope)
    length = headers.get("content-length")
    if length is None:
        return 0 if "transfer-encoding" in headers else None
    return int(length) or None


def _no_room() -> Problem:
    detail = "too many bodies are under way to take this one, too; try again in a moment"
    headers = {"Retry-After": str(RETRY_S)}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, "busy", headers)
