"""Middleware is stacked in the order in which it is named."""

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.edge.messages import stack
from tests.api.http.edge.asgi import answering, drive, http_scope


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
