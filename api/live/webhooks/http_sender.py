"""One HTTP request with a signed event, bounded in everything."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import urllib3
from urllib3.exceptions import HTTPError

# Together ten seconds: a receiver that hangs delays nothing but its own queue.
CONNECT_S: Final = 3.0
READ_S: Final = 7.0


class Sender(Protocol):
    """Delivers a body to an address."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Deliver; empty if the receiver took it, else one sentence why it did not."""


class HttpSender:
    """Posts over HTTP or HTTPS; follows no redirect and reads no answer's body."""

    def __init__(self, allow: Callable[[str], str] | None = None) -> None:
        """Make a sender.

        Args:
            allow: called with the address before each request; returns why the request is
                forbidden, or nothing. For a service that may not reach everything.
        """
        self._allow = allow
        self._pool = urllib3.PoolManager(num_pools=8, maxsize=2)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Deliver; empty if the receiver answered with 2xx."""
        forbidden = self._allow(url) if self._allow is not None else ""
        if forbidden:
            return forbidden
        try:
            response = self._pool.request(
                "POST",
                url,
                body=body,
                headers=dict(headers),
                timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except HTTPError as error:
            return f"it could not be reached ({type(error).__name__})"
        response.close()
        return "" if 200 <= response.status < 300 else f"it answered {response.status}"
