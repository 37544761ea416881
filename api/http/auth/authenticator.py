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
from api.http.auth.addresses import client_of, is_loopback
from api.http.auth.cookies import CookieSigner, Session
from api.http.auth.ended_sessions import EndedSessions
from api.http.auth.keys import KeyStore
from api.http.auth.principal import LOCAL, Principal
from api.http.auth.rate_limit import RateLimiter
from api.http.problems import Problem

SAFE: Final = ("GET", "HEAD", "OPTIONS")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
# Whoever sends one of these asks for somebody else, who may be anywhere.
FORWARDING: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
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
        self,
        keys: KeyStore,
        signer: CookieSigner,
        ended: EndedSessions,
        *,
        exposed: bool,
        per_second: float = 100.0,
    ) -> None:
        """Guard a service.

        Args:
            keys: that let in.
            signer: of cookies.
            ended: sessions that were logged out of.
            exposed: whether others can reach the service, which then always needs keys.
            per_second: requests of one key from one address.
        """
        self._keys = keys
        self._signer = signer
        self._ended = ended
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
        name = f"{principal.key_id} {info.client}"
        wait = self._rates.wait_s(name)
        if wait:
            raise too_many(wait)
        self._rates.count(name)
        return principal

    def log_in(self, text: str, info: RequestInfo) -> tuple[Principal, cookies.SessionCookie]:
        """Turn a key into a cookie.

        Raises:
            Problem: the key is unknown, or too many wrong ones came from there.
        """
        self._check_origin(info)
        principal = self._check_key(text, info)
        return principal, self._signer.issue(principal.key_id)

    def log_out(self, info: RequestInfo) -> None:
        """End the session of the request's cookie, wherever else that cookie is.

        Raises:
            Problem: the caller is unknown, or another site forged the request.
        """
        self.authenticate(info)
        session = self._session(info)
        if session is not None:
            self._ended.add(session)

    def csrf(self, info: RequestInfo) -> str | None:
        """Return the CSRF token of the request's cookie; None without a cookie."""
        cookie = _cookie(info)
        return self._signer.csrf(cookie) if cookie else None

    def _identify(self, info: RequestInfo) -> Principal:
        scheme, _, text = info.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._check_key(text.strip(), info)
        if not self.needs_keys:
            self._check_local(info)
            return LOCAL
        session = self._session(info)
        key = self._keys.get(session.key_id) if session is not None else None
        if key is None:
            raise _unknown("this needs an API key: send it as Authorization: Bearer, or log in")
        cookie = _cookie(info)
        self._check_origin(info)
        if info.method not in SAFE and not self._signer.is_csrf(
            cookie, info.headers.get(cookies.CSRF_HEADER, "")
        ):
            raise Problem(
                HTTPStatus.FORBIDDEN, "the header X-CSRF-Token is missing or wrong", "csrf"
            )
        return key.principal

    def _session(self, info: RequestInfo) -> Session | None:
        session = self._signer.session(_cookie(info))
        return None if session is None or self._ended.has(session) else session

    def _check_key(self, text: str, info: RequestInfo) -> Principal:
        client = client_of(info.client)
        wait = self._guesses.wait_s(client)
        if wait:  # before it is looked at: a guess too many is not to learn that it was right
            raise too_many(wait)
        key = self._keys.check(text)
        if key is None:
            self._guesses.count(client)
            raise _unknown("this API key is not known, or revoked")
        return key.principal

    def _check_local(self, info: RequestInfo) -> None:
        # A page from elsewhere may point its own name here, or send forms to localhost.
        if hostname(info.headers.get("host", "")) not in LOOPBACK or not is_loopback(info.client):
            raise _unknown("without API keys, skulens answers to localhost alone")
        if any(name in info.headers for name in FORWARDING):
            raise _unknown("without API keys, skulens answers to no proxy; make a key")
        self._check_origin(info)

    def _check_origin(self, info: RequestInfo) -> None:
        origin = info.headers.get("origin")
        if origin is None or (info.method in SAFE and not info.is_socket):
            return
        if urlsplit(origin).netloc.lower() != info.headers.get("host", "").lower():
            raise Problem(HTTPStatus.FORBIDDEN, "another site's page may not do this", "origin")


def _cookie(info: RequestInfo) -> str:
    return cookies.parse_cookies(info.headers).get(cookies.SESSION, "")


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
