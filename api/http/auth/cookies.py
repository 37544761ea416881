"""A key turned into a cookie, for what cannot send headers: pictures, video, event streams."""

import base64
import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Final

from api.http.auth.keys import write_private

SESSION: Final = "skulens_session"
CSRF: Final = "skulens_csrf"
CSRF_HEADER: Final = "x-csrf-token"
LIFETIME_S: Final = 12 * 3600  # a working day
_SECRET_BYTES: Final = 32  # as many as HMAC-SHA256 makes use of


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """A session's cookie and the CSRF token that its changes must carry."""

    cookie: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session, as a cookie names it.

    Attributes:
        session_id: random.
        key_id: of the key that it was begun with.
        until: Unix seconds; the cookie is too old then.
    """

    session_id: str
    key_id: str
    until: int


class CookieSigner:
    """Signs and checks cookies; every process with the same secret accepts them."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    def issue(self, key_id: str) -> SessionCookie:
        """Return a new cookie for the owner of a key."""
        until = int(self._clock()) + LIFETIME_S
        body = json.dumps([key_id, until, secrets.token_hex(8)]).encode()
        cookie = f"{_encode(body)}.{self._sign(b'session', body)}"
        return SessionCookie(cookie, self.csrf(cookie))

    def session(self, cookie: str) -> Session | None:
        """Return a cookie's session; None if it was not signed here, or is too old."""
        text, _, signature = cookie[:1000].partition(".")
        try:
            body = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if not hmac.compare_digest(self._sign(b"session", body), signature):
                return None
            key_id, until, session_id = json.loads(body)
        except (ValueError, TypeError):
            return None
        return Session(session_id, key_id, until) if until > self._clock() else None

    def csrf(self, cookie: str) -> str:
        """Return the CSRF token that belongs to a cookie."""
        return self._sign(b"csrf", cookie.encode("utf-8", "replace"))

    def is_csrf(self, cookie: str, token: str) -> bool:
        """Whether a token belongs to a cookie."""
        return hmac.compare_digest(self.csrf(cookie), token.encode("ascii", "replace").decode())

    def _sign(self, purpose: bytes, body: bytes) -> str:
        digest = hmac.new(self._secret, purpose + b"\0" + body, hashlib.sha256).digest()
        return _encode(digest)


def read_secret(path: Path) -> bytes:
    """Read the service's secret, which is made at its first use, readable by its owner alone.

    Raises:
        OSError: it cannot be read or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        write_private(draft, secrets.token_bytes(_SECRET_BYTES))
        try:
            os.link(draft, path)  # of several processes that begin at once, one wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


def parse_cookies(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Return the cookies of a request by name; none where the header is damaged."""
    try:
        parsed = SimpleCookie(headers.get("cookie", "")[:4096])
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in parsed.items()}


def cookie_headers(cookie: SessionCookie | None, *, secure: bool) -> list[tuple[str, str]]:
    """Return the `Set-Cookie` headers that set a cookie, or, for None, delete it."""
    rest = "; Path=/; SameSite=Strict" + ("; Secure" if secure else "")
    rest += f"; Max-Age={0 if cookie is None else LIFETIME_S}"
    session, csrf = ("", "") if cookie is None else (cookie.cookie, cookie.csrf)
    return [
        ("set-cookie", f"{SESSION}={session}; HttpOnly{rest}"),
        ("set-cookie", f"{CSRF}={csrf}{rest}"),
    ]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
