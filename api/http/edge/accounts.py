"""Logging in, logging out, and who one is: answered by the worker, without the engine."""

import asyncio
import json
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.http.auth.authenticator import Authenticator, RequestInfo
from api.http.auth.cookies import SessionCookie, cookie_headers
from api.http.edge.body_limit import SMALL_BODY, limit_body
from api.http.problems import Problem

LOGIN_S: Final = 10.0  # for the body, from whoever may be nobody
PATHS: Final = ("/login", "/logout", "/v1/me")


class Accounts:
    """An application that answers `PATHS`."""

    def __init__(self, authenticator: Authenticator, *, secure: bool) -> None:
        """Answer for an authenticator.

        Args:
            authenticator: knows the keys.
            secure: whether cookies are for TLS alone.
        """
        self._authenticator = authenticator
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection.

        Raises:
            Problem: the caller or the key is unknown, or the method is not allowed.
            HTTPException: the body is too large, or too slow.
            ClientDisconnect: the client left before it was whole.
        """
        path, info = scope["path"], RequestInfo.from_scope(scope)
        if path == "/v1/me":
            response = self._describe(info)
        elif info.method != "POST":
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"POST to {path}", "", {"Allow": "POST"})
        elif path == "/logout":
            self._authenticator.log_out(info)
            response = self._with_cookie(_json({}), None)
        else:
            principal, cookie = self._authenticator.log_in(await _read_key(scope, receive), info)
            scope["key_id"] = principal.key_id  # for the access log
            account = {"key_id": principal.key_id, "scopes": sorted(principal.scopes)}
            response = self._with_cookie(_json({**account, "csrf": cookie.csrf}), cookie)
        await response(scope, receive, send)

    def _describe(self, info: RequestInfo) -> Response:
        principal = self._authenticator.authenticate(info)
        return _json({
            "key_id": principal.key_id,
            "scopes": sorted(principal.scopes),
            "catalogs": sorted(principal.catalogs),
            "login_required": self._authenticator.needs_keys,
            "csrf": self._authenticator.csrf(info),
        })  # fmt: skip

    def _with_cookie(self, response: Response, cookie: SessionCookie | None) -> Response:
        for name, value in cookie_headers(cookie, secure=self._secure):
            response.headers.append(name, value)
        return response


def _json(content: object) -> Response:
    return Response(json.dumps(content), media_type="application/json")


async def _read_key(scope: Scope, receive: Receive) -> str:
    try:
        async with asyncio.timeout(LOGIN_S):
            body = await _read_body(limit_body(scope, receive, SMALL_BODY))
    except TimeoutError:
        detail = f"the key has not come within {LOGIN_S:.0f} s"
        raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, detail) from None
    try:
        key = json.loads(body)["key"]
    except (ValueError, TypeError, KeyError, RecursionError):
        key = None
    if not isinstance(key, str):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, 'send {"key": "sk_…"}', "invalid")
    return key


async def _read_body(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)
