"""Who asks, from a key, a cookie, or because it is this machine's own user."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from api.http.auth import cookies
from api.http.auth.cookies import CookieSigner
from api.http.auth.exposure import is_loopback
from api.http.auth.keys import KeyStore
from api.http.auth.principal import LOCAL, Principal
from api.http.auth.rate_limit import RateLimiter
from api.http.problems import Problem

SAFE: Final = ("GET", "HEAD", "OPTIONS")
LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
BURST_S: Final = 6.0  # of requests at once
GUESSES_PER_SECOND: Final = 0.2
GUESSES: Final = 10.0


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """What a request says of itself.

    Attributes:
        method: of HTTP; GET for a WebSocket.
        headers: lower case names.
        client: its address.
        is_socket: whether it asks for a WebSocket.
    """

    method: str
    headers: Mapping[str, str]
    client: str
    is_socket: bool = False


class Authenticator:
    """Lets in or refuses; one per process, on its event loop."""

    def __init__(
        self, keys: KeyStore, tickets: CookieSigner, *, exposed: bool, per_second: float = 100.0
    ) -> None:
        """Guard a service.

        Args:
            keys: that let in.
            tickets: signs cookies.
            exposed: whether others can reach the service, which then always needs keys.
            per_second: requests of one key from one address.
        """
        self._keys = keys
        self._tickets = tickets
        self._exposed = exposed
        self._rates = RateLimiter(per_second, max(BURST_S * per_second, 1.0))
        self._guesses = RateLimiter(GUESSES_PER_SECOND, GUESSES)

    @property
    def needs_keys(self) -> bool:
        """Whether there are keys; without any, only this machine's own user comes in."""
        return self._exposed or self._keys.any()

    def admit(self, call: RequestInfo) -> Principal:
        """Who asks.

        Raises:
            Problem: nobody whom we know, a request forged by another site, or too many of them.
        """
        principal = self._known(call)
        wait = self._rates.wait_s(f"{principal.key_id} {call.client}")
        if wait:
            raise too_many(wait)
        return principal

    def login(self, text: str, call: RequestInfo) -> tuple[Principal, cookies.SessionCookie]:
        """A key turned into a ticket.

        Raises:
            Problem: it is no key, or too many wrong ones came from there.
        """
        self._check_origin(call)
        principal = self._of_key(text, call)
        return principal, self._tickets.issue(principal.key_id)

    def csrf(self, call: RequestInfo) -> str | None:
        """The token that belongs to the request's cookie."""
        cookie = cookies.parse_cookies(call.headers).get(cookies.SESSION)
        return None if cookie is None else self._tickets.csrf(cookie)

    def _known(self, call: RequestInfo) -> Principal:
        scheme, _, text = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._of_key(text.strip(), call)
        if not self.needs_keys:
            self._check_local(call)
            return LOCAL
        cookie = cookies.parse_cookies(call.headers).get(cookies.SESSION, "")
        key_id = self._tickets.key_id(cookie) if cookie else None
        key = self._keys.get(key_id) if key_id is not None else None
        if key is None:
            raise _unknown("this needs an API key: send it as Authorization: Bearer, or log in")
        self._check_origin(call)
        if call.method not in SAFE and not self._tickets.is_csrf(
            cookie, call.headers.get(cookies.CSRF_HEADER, "")
        ):
            raise Problem(
                HTTPStatus.FORBIDDEN, "the header X-CSRF-Token is missing or wrong", "csrf"
            )
        return key.principal

    def _of_key(self, text: str, call: RequestInfo) -> Principal:
        key = self._keys.check(text)
        if key is None:
            wait = self._guesses.wait_s(call.client)
            raise too_many(wait) if wait else _unknown("this API key is not known, or revoked")
        return key.principal

    def _check_local(self, call: RequestInfo) -> None:
        # A page from elsewhere may point its own name here, or send forms to localhost.
        if hostname(call.headers.get("host", "")) not in LOOPBACK or not is_loopback(call.client):
            raise _unknown("without API keys, skulens answers to localhost alone")
        self._check_origin(call)

    def _check_origin(self, call: RequestInfo) -> None:
        origin = call.headers.get("origin")
        if origin is None or (call.method in SAFE and not call.is_socket):
            return
        if urlsplit(origin).netloc.lower() != call.headers.get("host", "").lower():
            raise Problem(HTTPStatus.FORBIDDEN, "another site's page may not do this", "origin")


def hostname(host: str) -> str:
    """The name in a `Host` header, without port and brackets."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def too_many(wait_s: float) -> Problem:
    """The refusal of somebody who asks too often."""
    headers = {"Retry-After": str(ceil(wait_s))}
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too many requests; wait a little", "", headers)


def _unknown(said: str) -> Problem:
    headers = {"WWW-Authenticate": 'Bearer realm="skulens"'}
    return Problem(HTTPStatus.UNAUTHORIZED, said, "", headers)
