"""`skulens watch --server`: a session on a server, followed."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from api.cli.output import Output
from api.cli.watch.view import counters_text, event_line
from api.errors import Refused
from api.schemas.results import json_line
from client.errors import Declined

if TYPE_CHECKING:
    from catalog.records.product import Product
    from client.client import Client
    from client.connection import ServerEvent
    from client.records import SessionJson
    from matcher.live import SessionStatus


def watch_on_server(
    client: "Client", session: "SessionJson", seconds: float | None, output: Output
) -> None:
    """Show what happens in a session until it ends, time is over or somebody interrupts.

    Raises:
        Refused: the session failed.
        ClientError: the server stopped answering.
    """
    from api.remote.catalogs import RemoteProducts

    printer = _SessionPrinter(output, RemoteProducts(client, session["catalog"]), session)
    until = float("inf") if seconds is None else time.monotonic() + seconds
    try:
        with suppress(KeyboardInterrupt):
            printer.follow(client, lambda: time.monotonic() >= until)
    finally:
        with suppress(Declined):  # it is over already
            client.end_session(session["session_id"])
    # What left when it ended; a session without any event is forgotten.
    with suppress(KeyboardInterrupt, Declined):
        printer.follow(client, lambda: False)
    output.show(counters_text(printer.status))
    if printer.session["state"] == "failed":
        raise Refused(printer.session["reason"])


class _SessionPrinter:
    """Prints the events and states of a session, each once."""

    def __init__(
        self, output: Output, products: "Mapping[str, Product]", session: "SessionJson"
    ) -> None:
        self._output = output
        self._products = products
        self._last = 0
        self.session = session

    @property
    def status(self) -> "SessionStatus":
        from api.remote.decoding import decode
        from matcher.live import SessionStatus

        return decode(SessionStatus, self.session)

    def follow(self, client: "Client", is_over: Callable[[], bool]) -> None:
        """Print until the session ends, or `is_over` after an event."""
        for event in client.session_events(self.session["session_id"], after=self._last):
            self._print(event)
            if is_over():
                return

    def _print(self, event: "ServerEvent") -> None:
        from api.remote.decoding import decode
        from matcher.tracking.events import Event

        if event.kind == "appearance":
            self._last = event.number or self._last
            self._output.raw_line(json_line(event.data))
            self._output.show(event_line(decode(Event, event.data), self._products))
        elif event.kind == "missed":
            self._output.note("some events were lost because they came too fast")
        elif event.kind == "status":
            before, self.session = self.session, event.data
            if self.session["state"] != before["state"] and self.session["state"] != "failed":
                self._output.note(f"{self.session['state']}: {self.session['reason']}")
