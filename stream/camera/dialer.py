"""Connections to checked hosts, bounded in time, that can be stopped at any moment."""

import socket
import ssl
from contextlib import suppress
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Final

from stream.camera.address import AddressRules
from stream.errors import SourceError

LOOKUP_TIMEOUT_S: Final = 3.0  # name servers; the system's own limit is far longer
CONNECT_TIMEOUT_S: Final = 2.0  # cameras are near; a lost first packet is sent again after 1 s
MAX_ADDRESSES: Final = 4  # of one host that are tried, each for CONNECT_TIMEOUT_S
LOOKUP_SLICE_S: Final = 0.2  # one wait for name servers, after which a stop is noticed


class DialStopped(SourceError):
    """The source was stopped while it connected."""


class Dialer:
    """Connects to camera hosts on behalf of one source; `stop` ends all its waits."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        self._stopping = Event()
        self._lock = Lock()
        self._sockets: list[socket.socket] = []

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait; return True if `stop` was called meanwhile."""
        return self._stopping.wait(seconds)

    def stop(self) -> None:
        """End all lookups, connection attempts and reads at once; safe to call twice."""
        self._stopping.set()
        with self._lock:
            for connection in self._sockets:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def resolve(self, host: str, port: int) -> list[str]:
        """Return the allowed IP addresses of a host, those of version 4 first.

        Raises:
            SourceError: there is none, the name servers do not answer, or the rules forbid it.
        """
        refusal, allowed = (
            SourceError(f"there is no host {host}; check its name, or use its IP address"),
            list[str](),
        )
        for address in self._lookup(host, port):
            try:
                self._rules.check(ip_address(address.partition("%")[0]))
            except SourceError as error:
                refusal = error
            else:
                allowed.append(address)
        if not allowed:
            raise refusal
        return sorted(allowed, key=lambda address: ":" in address)[:MAX_ADDRESSES]

    def connect(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        timeout: float = CONNECT_TIMEOUT_S,
    ) -> socket.socket:
        """Open a TCP connection to an allowed host, with TLS on top if a context is given.

        `timeout`, in seconds, holds for every later wait on the connection, too.

        Raises:
            SourceError: the host is not allowed, refuses, does not answer in time, or its
                certificate is not trusted.
        """
        plain = self._connect_first(self.resolve(host, port), port, timeout, f"{host}:{port}")
        if tls is None:
            return plain
        try:
            return self._kept(tls.wrap_socket(plain, server_hostname=host))
        except (OSError, ValueError) as error:
            self.release(plain)
            reason = getattr(error, "verify_message", "") or "it speaks no TLS that we know"
            raise SourceError(f"{host} offers no secure connection: {reason}") from error

    def _connect_first(
        self, addresses: list[str], port: int, timeout: float, place: str
    ) -> socket.socket:
        """Connect to the first address that takes the connection."""
        refusal = SourceError(f"{place} cannot be reached")
        for address in addresses:
            try:
                return self._kept(socket.create_connection((address, port), timeout))
            except OSError as error:
                refusal = SourceError(_explain(error, place))
                refusal.__cause__ = error
        raise refusal

    def release(self, connection: socket.socket) -> None:
        """Close a connection and forget it."""
        with self._lock:
            self._sockets = [kept for kept in self._sockets if kept is not connection]
        connection.close()

    def hand_over(self, connection: socket.socket) -> None:
        """Forget an open connection: `stop` leaves it alone, and its user ends it properly."""
        with self._lock:
            self._sockets = [kept for kept in self._sockets if kept is not connection]

    def _kept(self, connection: socket.socket) -> socket.socket:
        """Remember a connection for `stop`, which may have been called in between."""
        with self._lock:
            self._sockets = [kept for kept in self._sockets if kept.fileno() >= 0]
            self._sockets.append(connection)
        if self.is_stopped:
            self.release(connection)
            raise DialStopped("stopped")
        return connection

    def _lookup(self, host: str, port: int) -> list[str]:
        """Addresses of a host; the system's lookup cannot be bounded, so it gets a thread."""
        with suppress(ValueError):
            return [str(ip_address(host))]
        answers: SimpleQueue[list[str]] = SimpleQueue()
        Thread(target=_look_up, args=(host, port, answers), name="lookup", daemon=True).start()
        deadline = monotonic() + LOOKUP_TIMEOUT_S
        while monotonic() < deadline:
            if self.is_stopped:
                raise DialStopped("stopped")
            with suppress(Empty):
                return answers.get(timeout=LOOKUP_SLICE_S)
        raise SourceError(f"the name servers do not answer for {host}")


def _look_up(host: str, port: int, answers: "SimpleQueue[list[str]]") -> None:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        entries = []
    answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))


def _explain(error: OSError, place: str) -> str:
    if isinstance(error, TimeoutError):
        return f"{place} does not answer; check that it is switched on, and the network"
    if isinstance(error, ConnectionRefusedError):
        return f"{place} refuses the connection; check the port, or wait until it has started"
    return f"{place} cannot be reached ({error.strerror or 'network error'}); check the network"
