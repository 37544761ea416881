"""The gate before the engine: the page, who asks, how much may come in, and what goes out."""

import asyncio
import json
import logging
import re
import secrets
import time
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.auth.authenticator import Authenticator, RequestInfo
from api.http.auth.cookies import CookieSigner, cookie_headers, read_secret
from api.http.auth.keys import KeyStore
from api.http.auth.principal import HEADER
from api.http.edge import security_headers as sent
from api.http.options import ServerOptions
from api.http.problems import Problem, problem_response

REQUEST_ID: Final = "x-request-id"
IDLE_S: Final = 60.0  # without a byte of a body that is to come
MEGABYTE: Final = 1_000_000
SMALL: Final = 2 * MEGABYTE
PICTURE: Final = 60 * MEGABYTE
PICTURES: Final = 420 * MEGABYTE

_ENGINE: Final = ("/v1/", "/readyz", "/metrics")
_OPEN: Final = ("/readyz",)
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_logger: Final = logging.getLogger("skulens.access")


class Gateway:
    """An application in front of another one, which trusts it."""

    def __init__(self, inner: ASGIApp, options: ServerOptions) -> None:
        """Stand before an application.

        Raises:
            Refused: the file of keys is damaged.
            OSError: the state's folder cannot be written.
        """
        self._inner = inner
        self._options = options
        self._page = StaticFiles(directory=options.web, html=True, check_dir=False)
        keys = KeyStore(options.keys)
        keys.list()
        tickets = CookieSigner(read_secret(options.state / "secret"))
        self._doorman = Authenticator(
            keys, tickets, exposed=options.exposed, per_second=options.per_second
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
            return
        call = _call_of(scope)
        visit = _Visit(scope, call, send, secure=self._options.secure)
        try:
            await self._serve(scope, call, visit, receive)
        except (Problem, HTTPException) as error:
            await visit.refuse(error, receive)
        finally:
            visit.log()

    async def _serve(
        self, scope: Scope, call: RequestInfo, visit: "_Visit", receive: Receive
    ) -> None:
        path: str = scope["path"]
        if path == "/healthz":
            await visit.answer({"status": "alive"})
            return
        if path in ("/login", "/logout", "/v1/me"):
            await self._account(path, call, visit, receive)
            return
        if not path.startswith(_ENGINE):
            await self._page(scope, receive, visit.send_page)
            return
        passed = [(name, value) for name, value in scope["headers"] if name not in _STRIPPED]
        passed.append((REQUEST_ID.encode(), visit.request_id.encode()))
        if path not in _OPEN:
            principal = self._doorman.admit(call)
            visit.key_id = principal.key_id
            passed.append((HEADER.encode(), principal.header().encode()))
        bounded = receive
        if scope["type"] == "http":
            bounded = _bounded(receive, call, self._most(path))
        await self._inner({**scope, "headers": passed}, bounded, visit.send)

    def _most(self, path: str) -> int:
        """Bytes that a body may have."""
        last = path.rpartition("/")[2]
        if last in ("videos", "import"):
            return self._options.largest_upload
        if last in ("products", "images") or "/products/" in path:
            return PICTURES
        return PICTURE if last in ("identify", "explain", "search") or "/crops/" in path else SMALL

    async def _account(
        self, path: str, call: RequestInfo, visit: "_Visit", receive: Receive
    ) -> None:
        if path == "/v1/me":
            principal = self._doorman.admit(call)
            await visit.answer({
                "key_id": principal.key_id,
                "scopes": sorted(principal.scopes),
                "catalogs": sorted(principal.catalogs),
                "login_required": self._doorman.needs_keys,
                "csrf": self._doorman.csrf(call),
            })  # fmt: skip
            return
        if call.method != "POST":
            raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"POST to {path}", "", {"Allow": "POST"})
        if path == "/logout":
            self._doorman.admit(call)
            await visit.answer({}, cookie_headers(None, secure=self._options.secure))
            return
        key = await _key_in(receive, call)
        principal, ticket = self._doorman.login(key, call)
        visit.key_id = principal.key_id
        said = {"key_id": principal.key_id, "scopes": sorted(principal.scopes), "csrf": ticket.csrf}
        await visit.answer(said, cookie_headers(ticket, secure=self._options.secure))


# What only the gate may say to the engine.
_STRIPPED: Final = (HEADER.encode(), REQUEST_ID.encode())


class _Visit:
    """One request's way out: headers are added, the answer is noted and logged."""

    def __init__(self, scope: Scope, call: RequestInfo, send: Send, *, secure: bool) -> None:
        self._scope = scope
        self._call = call
        self._send = send
        self._secure = secure
        self._began = time.perf_counter()
        given = call.headers.get(REQUEST_ID, "")
        self.request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        self.key_id = ""
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass an answer of the engine on."""
        await self._sent(message, sent.API)

    async def send_page(self, message: Message) -> None:
        """Pass a file of the page on."""
        await self._sent(message, sent.PAGE)

    async def answer(self, said: object, more: list[tuple[str, str]] | None = None) -> None:
        """Answer with JSON."""
        body = json.dumps(said).encode()
        pairs = [("content-type", "application/json"), ("content-length", str(len(body)))]
        raw = [(name.encode(), value.encode()) for name, value in [*pairs, *(more or [])]]
        await self.send({"type": "http.response.start", "status": 200, "headers": raw})
        await self.send({"type": "http.response.body", "body": body})

    async def refuse(self, error: Problem | HTTPException, receive: Receive) -> None:
        """Answer with a problem, unless an answer has begun."""
        if self.status:
            return
        if isinstance(error, Problem):
            response = problem_response(error.status, error.detail, error.kind, error.headers)
        else:
            response = problem_response(error.status_code, str(error.detail), "", error.headers)
        if self._scope["type"] == "websocket":
            if "websocket.http.response" in self._scope.get("extensions", {}):
                await response(self._scope, receive, self.send)
            else:
                self.status = response.status_code
                await self._send({"type": "websocket.close", "code": 1008})
            return
        await response(self._scope, receive, self.send)

    def log(self) -> None:
        """One line of the access log."""
        _logger.info(
            "request",
            extra={
                "request_id": self.request_id,
                "method": self._call.method,
                "path": self._scope["path"],
                "status": self.status,
                "ms": round((time.perf_counter() - self._began) * 1e3, 1),
                "key_id": self.key_id,
                "client": self._call.client,
            },
        )

    async def _sent(self, message: Message, added: dict[str, str]) -> None:
        if message["type"].endswith("response.start") or message["type"] == "websocket.accept":
            self.status = int(message.get("status", HTTPStatus.SWITCHING_PROTOCOLS))
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            for name, value in {**sent.ALL, **added}.items():
                headers.setdefault(name, value)
            if self._secure:
                headers.setdefault("strict-transport-security", sent.TLS_ONLY)
            headers[REQUEST_ID] = self.request_id
            message = {**message, "headers": headers.raw}
        await self._send(message)


def _call_of(scope: Scope) -> RequestInfo:
    client = scope.get("client") or ("", 0)
    is_socket = scope["type"] == "websocket"
    return RequestInfo(scope.get("method", "GET"), Headers(scope=scope), client[0], is_socket)


def _bounded(receive: Receive, call: RequestInfo, most: int) -> Receive:
    """A body's way in, up to so many bytes and without long silences."""
    length = call.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length) > most:
        raise _too_large(most)
    seen, is_whole = 0, False

    async def bounded() -> Message:
        nonlocal seen, is_whole
        if is_whole:
            return await receive()
        try:
            async with asyncio.timeout(IDLE_S):
                message = await receive()
        except TimeoutError:
            said = f"nothing came for {IDLE_S:.0f} s"
            raise HTTPException(HTTPStatus.REQUEST_TIMEOUT, said) from None
        seen += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if seen > most:
            raise _too_large(most)
        return message

    return bounded


async def _key_in(receive: Receive, call: RequestInfo) -> str:
    bounded, body, more = _bounded(receive, call, SMALL), b"", True
    while more:
        message = await bounded()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    try:
        key = json.loads(body)["key"]
    except (ValueError, TypeError, KeyError, RecursionError):
        key = None
    if not isinstance(key, str):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, 'send {"key": "sk_…"}', "invalid")
    return key


def _too_large(most: int) -> HTTPException:
    said = f"this is too large; send at most {most // MEGABYTE} MB"
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said)
