"""Clients that leave before their request is whole: nobody to answer, and nothing that failed."""

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.telemetry.metrics import Metrics, route_of


class DepartedClients:
    """Middleware that counts such clients apart, whatever a route makes of half a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchanged(receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.has_left = True
        finally:
            if exchange.has_left and not exchange.has_begun:
                metrics: Metrics = scope["state"]["engine"].metrics
                metrics.departed(scope["method"], route_of(scope))


class _Exchanged:
    """A request and its answer, as far as they came."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._is_whole = False
        self.has_left = False
        self.has_begun = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._is_whole = not message.get("more_body", False)
        elif not self._is_whole:
            self.has_left = True
        return message

    async def send(self, message: Message) -> None:
        if not self.has_left:
            self.has_begun = True
            await self._send(message)
