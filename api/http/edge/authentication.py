"""Tells the engine who asks; nothing that a client says of itself in that header gets through."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from api.http.auth.authenticator import Authenticator, RequestInfo
from api.http.auth.principal import HEADER

_OPEN_PATHS: Final = ("/readyz",)  # load balancers have no key


class Authentication:
    """Puts the caller's `Principal` into the request, or refuses the request."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator) -> None:
        self._app = app
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            Problem: the caller is unknown, forged by another site, or asks too often.
        """
        raw_name = HEADER.encode()
        headers = [(name, value) for name, value in scope["headers"] if name != raw_name]
        if scope["path"] not in _OPEN_PATHS:
            principal = self._authenticator.authenticate(RequestInfo.from_scope(scope))
            scope["key_id"] = principal.key_id  # for the access log
            headers.append((raw_name, principal.header().encode()))
        await self._app({**scope, "headers": headers}, receive, send)
