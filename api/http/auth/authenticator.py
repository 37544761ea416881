"""Finds out who asks: by a key, by a cookie, or because it is this machine's own user."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Final, Self
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from api.http.auth import cookies
from api.http.auth.cookies import CookieSigner
from api.http.auth.exposure import is_loopback
from api.http.auth.keys import KeyStore
from api.http.auth.principal import LOCAL, Principal
from api.http.auth.rate_limit import RateLimiter
from api.http.problems import Problem

SAFE: Final = ("GET", "HEAD", "OPTIONS")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
BURST_S: Final = 6.0  # seconds' worth of requests that may come at once
# Wrong keys from one address: ten at once, then one every five seconds.
GUESSES_PER_SECOND: Final = 0.2
GUESSES: Final = 10.0  # at once


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A request, as far as it matters who sent it.

    Attributes:
        method: of HTTP; GET for a WebSocket.
        headers: lower case names.
        client: address that it came from.
        is_socket: whether it asks for a WebSocket.
    """

    method: str
    headers: Mapping[str, str]
    client: str
    is_socket: bool = False

    @classmethod
    def from_scope(cls, scope: Scope) -> Self:
        """Read it from an ASGI scope."""
        client = scope.get("client") or ("", 0)
        is_socket = scope["type"] == "websocket"
        return cls(scope.get("method", "GET"), Headers(scope=scope), client[0], is_socket)


class Authenticator:
    """Tells who asks, or refuses; one per process, on its event loop."""

    def __init__(
        self, keys: KeyStore, signer: CookieSigner, *, exposed: bool, per_second: float = 100.0
    ) -> None:
        """Guard a service.

        Args:
            keys: that let in.
            signer: of cookies.
            exposed: whether others can reach the service, which then always needs keys.
            per_second: requests of one key from one address.
        """
        self._keys = keys
        self._signer = signer
        self._exposed = exposed
        self._rates = RateLimiter(per_second, max(BURST_S * per_second, 1.0))
        self._guesses = RateLimiter(GUESSES_PER_SECOND, GUESSES)

    @property
    def needs_keys(self) -> bool:
        """Whether there are keys; without any, only this machine's own user comes in."""
        return self._exposed or self._keys.any()

    def authenticate(self, info: RequestInfo) -> Principal:
        """Return who asks.

        Raises:
            Problem: the caller is unknown, another site forged the request, or too many come.
        """
        principal = self._identify(info)
        wait = self._rates.wait_s(f"{principal.key_id} {info.client}")
        if wait:
            raise too_many(wait)
        return principal

    def log_in(self, text: str, info: RequestInfo) -> tuple[Principal, cookies.SessionCookie]:
        """Turn a key into a cookie.

        Raises:
            Problem: the key is unknown, or too many wrong ones came from there.
        """
        self._check_origin(info)
        principal = self._check_key(text, info)
        return principal, self._signer.issue(principal.key_id)

    def csrf(self, info: RequestInfo) -> str | None:
        """Return the CSRF token of the request's cookie; None without a cookie."""
        cookie = cookies.parse_cookies(info.headers).get(cookies.SESSION)
        return None if cookie is None else self._signer.csrf(cookie)

    def _identify(self, info: RequestInfo) -> Principal:
        scheme, _, text = info.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._check_key(text.strip(), info)
        if not self.needs_keys:
            self._check_local(info)
            return LOCAL
        cookie = cookies.parse_cookies(info.headers).get(cookies.SESSION, "")
        key_id = self._signer.key_id(cookie) if cookie else None
        key = self._keys.get(key_id) if key_id is not None else None
        if key is None:
            raise _unknown("this needs an API key: send it as Authorization: Bearer, or log in")
        self._check_origin(info)
        if info.method not in SAFE and not self._signer.is_csrf(
            cookie, info.headers.get(cookies.CSRF_HEADER, "")
        ):
            raise Problem(
                HTTPStatus.FORBIDDEN, "the header X-CSRF-Token is missing or wrong", "csrf"
            )
        return key.principal

    def _check_key(self, text: str, info: RequestInfo) -> Principal:
        key = self._keys.check(text)
        if key is None:
            wait = self._guesses.wait_s(info.client)
            raise too_many(wait) if wait else _unknown("this API key is not known, or revoked")
        return key.principal

    def _check_local(self, info: RequestInfo) -> None:
        # A page from elsewhere may point its own name here, or send forms to localhost.
        if hostname(info.headers.get("host", "")) not in LOOPBACK or not is_loopback(info.client):
            raise _unknown("without API keys, skulens answers to localhost alone")
        self._check_origin(info)

    def _check_origin(self, info: RequestInfo) -> None:
        origin = info.headers.get("origin")
        if origin is None or (info.method in SAFE and not info.is_socket):
            return
        if urlsplit(origin).netloc.lower() != info.headers.get("host", "").lower():
            raise Problem(HTTPStatus.FORBIDDEN, "another site's page may not do this", "origin")


def hostname(host: str) -> str:
    """Return the name in a `Host` header, without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def too_many(wait_s: float) -> Problem:
    """Return the refusal of a client that asks too often."""
    headers = {"Retry-After": str(ceil(wait_s))}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many requests; wait a little", "", headers)


def _unknown(detail: str) -> Problem:
    headers = {"WWW-Authenticate": 'Bearer realm="skulens"'}
    return Problem(HTTPStatus.UNAUTHORIZED, detail, "", headers)
