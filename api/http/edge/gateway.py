"""The application that clients talk to: the page, accounts, and, behind checks, the engine."""

from http import HTTPStatus
from typing import Final

from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.http.auth.authenticator import Authenticator
from api.http.auth.cookies import CookieSigner, read_secret
from api.http.auth.ended_sessions import EndedSessions
from api.http.auth.keys import KeyStore
from api.http.edge import accounts
from api.http.edge.access_log import AccessLog
from api.http.edge.authentication import Authentication
from api.http.edge.body_limit import BodyLimit
from api.http.edge.head_requests import HeadRequests
from api.http.edge.messages import stack
from api.http.edge.problem_answers import ProblemAnswers
from api.http.edge.request_ids import RequestIds
from api.http.edge.security_headers import API_HEADERS, PAGE_HEADERS, TLS_HEADERS, SecurityHeaders
from api.http.options import ServerOptions
from api.http.problems import Problem

_SHOWN: Final = 200  # characters of a path, in a refusal
_ENGINE_PATHS: Final = ("/v1/", "/readyz", "/metrics")


class Gateway:
    """Everything before the engine, which trusts it."""

    def __init__(self, engine: ASGIApp, options: ServerOptions) -> None:
        """Build the stack of middleware.

        Args:
            engine: the engine's application, or the proxy to it.
            options: of the server.

        Raises:
            Refused: the file of keys or of ended sessions is damaged.
            OSError: the state's folder cannot be written.
        """
        keys = KeyStore(options.keys)
        keys.list()  # a damaged file is to stop the start, not the first request
        signer = CookieSigner(read_secret(options.state / "secret"))
        authenticator = Authenticator(
            keys,
            signer,
            EndedSessions(options.state / "sessions.db"),
            exposed=options.exposed,
            per_second=options.per_second,
        )
        self._engine = engine
        self._accounts = accounts.Accounts(authenticator, secure=options.secure)
        self._page = SecurityHeaders(
            StaticFiles(directory=options.web, html=True, check_dir=False), PAGE_HEADERS
        )
        self._guarded = stack(
            engine,
            [
                Middleware(Authentication, authenticator),
                Middleware(BodyLimit, options.largest_upload),
            ],
        )
        headers = {**API_HEADERS, **(TLS_HEADERS if options.secure else {})}
        # Refusals come from inside, so whatever notes or completes an answer stands outside.
        self._app = stack(
            self._route,
            [
                *_forwarding(options),
                Middleware(RequestIds),
                Middleware(AccessLog),
                Middleware(SecurityHeaders, headers),
                Middleware(ProblemAnswers),
                Middleware(HeadRequests),
            ],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        app = self._engine if scope["type"] == "lifespan" else self._app
        await app(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        app: ASGIApp = self._page
        if scope["type"] == "websocket" and (
            path in accounts.PATHS or not path.startswith(_ENGINE_PATHS)
        ):
            raise Problem(HTTPStatus.NOT_FOUND, f"there is no WebSocket at {path[:_SHOWN]}")
        if path == "/healthz":
            app = Response('{"status": "alive"}', media_type="application/json")
        elif path in accounts.PATHS:
            app = self._accounts
        elif path.startswith(_ENGINE_PATHS):
            app = self._guarded
        await app(scope, receive, send)


def _forwarding(options: ServerOptions) -> list[Middleware]:
    """Where a client may come through proxies, name the client and not the proxy."""
    proxies = list(options.trusted_proxies)
    return [Middleware(ProxyHeadersMiddleware, proxies)] if proxies else []
