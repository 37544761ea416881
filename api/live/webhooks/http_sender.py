"""One HTTP request with a signed event, bounded in everything."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util import Url, parse_url

from stream.errors import SourceError

# Together ten seconds: a receiver that hangs delays nothing but its own queue.
CONNECT_S: Final = 3.0
READ_S: Final = 7.0
UNREACHED: Final = "it could not be reached, because nobody takes the connection"


class Sender(Protocol):
    """Delivers a body to an address."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Deliver; empty if the receiver took it, else one sentence why it did not."""


class HttpSender:
    """Posts over HTTP or HTTPS; follows no redirect and reads no answer's body."""

    def __init__(
        self,
        allow: Callable[[str], str] | None = None,
        resolve: Callable[[str, int], list[str]] | None = None,
    ) -> None:
        """Make a sender.

        Args:
            allow: called with the address before each request; returns why the request is
                forbidden, or nothing. For a service that may not reach everything.
            resolve: returns the IP addresses of a host and port that are connected to, so that a
                name cannot change its meaning after it was allowed; raises SourceError if it is
                forbidden.
        """
        self._allow = allow
        self._resolve = resolve
        self._pool = urllib3.PoolManager(num_pools=8, maxsize=2)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Deliver; empty if the receiver answered with 2xx."""
        forbidden = self._allow(url) if self._allow is not None else ""
        if forbidden:
            return forbidden
        place, outcome = parse_url(url), "it has no address"
        try:
            for pool in self._pools_of(place):
                outcome = _post(pool, place, body, headers)
                if not outcome.startswith(UNREACHED):
                    break
        except SourceError as error:
            return str(error)
        return outcome

    def _pools_of(self, place: Url) -> list[urllib3.HTTPConnectionPool]:
        """Connections to the addresses that a host has now; a certificate is the host's.

        Raises:
            SourceError: they are forbidden.
        """
        host, scheme = place.host or "", place.scheme or "http"
        port = place.port or (443 if scheme == "https" else 80)
        if self._resolve is None:
            return [self._pool.connection_from_host(host, port, scheme)]
        name = host.strip("[]")
        proof = {"server_hostname": name, "assert_hostname": name} if scheme == "https" else {}
        return [
            self._pool.connection_from_host(address, port, scheme, proof)
            for address in self._resolve(name, port)
        ]


def _post(
    pool: urllib3.HTTPConnectionPool, place: Url, body: bytes, headers: Mapping[str, str]
) -> str:
    try:
        response = pool.urlopen(
            "POST",
            place.request_uri,
            body=body,
            headers={"Host": place.netloc or "", **headers},
            timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S),
            retries=False,
            redirect=False,
            preload_content=False,
        )
    except NewConnectionError as error:
        return f"{UNREACHED} ({type(error).__name__})"
    except HTTPError as error:
        return f"it could not be reached ({type(error).__name__})"
    response.close()
    return "" if 200 <= response.status < 300 else f"it answered {response.status}"
