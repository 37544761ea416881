"""The connections of one worker, bounded in number: in all, and of one client."""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from api.http.auth.addresses import client_of, is_within


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """How many connections there may be, and how long each may take.

    Attributes:
        most: of one worker.
        most_of_client: of one address, of IPv6 one /64.
        proxies: CIDR; the connections of a trusted proxy are those of many clients.
        headers_s: seconds until the headers of a request are there.
        stalled_s: seconds without a byte of an answer that its client takes.
    """

    most: int = 1000
    most_of_client: int = 200
    proxies: Sequence[str] = ()
    headers_s: float = 10.0
    stalled_s: float = 120.0


class Closable(Protocol):
    """A connection that can be ended."""

    def give_up(self) -> None:
        """End it at once."""


class ConnectionTable:
    """Who is connected; of too many, the one that has waited longest without a request goes.

    An honest client sends its request at once, so a flood of connections that ask for nothing
    pushes out its own. Where nobody waits, the newest goes. Belongs to one event loop.
    """

    def __init__(self, bounds: ConnectionBounds) -> None:
        self.bounds = bounds
        self._clients: dict[Closable, str] = {}
        self._counts: Counter[str] = Counter()
        # Without a request under way, the longest first: all, and by client.
        self._waiting: OrderedDict[Closable, None] = OrderedDict()
        self._waiting_of: dict[str, OrderedDict[Closable, None]] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def enter(self, connection: Closable, host: str) -> None:
        """Take a new connection, and end one where there are too many."""
        client = "" if is_within(host, self.bounds.proxies) else client_of(host)
        self._clients[connection] = client
        self._counts[client] += 1
        self.wait(connection)
        if client and self._counts[client] > self.bounds.most_of_client:
            self._end(next(iter(self._waiting_of[client])))
        elif len(self._clients) > self.bounds.most:
            self._end(next(iter(self._waiting)))

    def wait(self, connection: Closable) -> None:
        """Note that a connection has no request under way."""
        client = self._clients[connection]
        for waiting in (self._waiting, self._waiting_of.setdefault(client, OrderedDict())):
            waiting[connection] = None
            waiting.move_to_end(connection)

    def work(self, connection: Closable) -> None:
        """Note that a connection has a request under way."""
        client = self._clients[connection]
        self._waiting.pop(connection, None)
        if client in self._waiting_of:
            self._waiting_of[client].pop(connection, None)
            if not self._waiting_of[client]:
                del self._waiting_of[client]

    def leave(self, connection: Closable) -> None:
        """Forget a connection; nothing happens if it is not known."""
        if connection not in self._clients:
            return
        self.work(connection)
        client = self._clients.pop(connection)
        self._counts[client] -= 1
        if not self._counts[client]:
            del self._counts[client]

    def _end(self, connection: Closable) -> None:
        self.leave(connection)
        connection.give_up()
