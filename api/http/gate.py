"""The gate before the engine: the page, who asks, how much may come in, and what goes out."""

from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.options import ServerOptions
from api.http.principal import HEADER, LOCAL

API = ("/v1/", "/healthz", "/readyz", "/metrics")


class Gate:
    """An application in front of another one, which trusts it."""

    def __init__(self, inner: ASGIApp, options: ServerOptions) -> None:
        self._inner = inner
        self._page = StaticFiles(directory=options.web, html=True, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        if not scope["path"].startswith(API):
            await self._page(scope, receive, send)
            return
        name = HEADER.encode()
        headers = [(key, value) for key, value in scope["headers"] if key != name]
        headers.append((name, LOCAL.header().encode()))

        async def guarded(message: Message) -> None:
            await send(message)

        await self._inner({**scope, "headers": headers}, receive, guarded)
