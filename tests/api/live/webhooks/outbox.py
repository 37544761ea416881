"""A log, webhooks and a receiver, all real."""

import json
import sqlite3
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

from api.live.events import EventLog
from api.live.events.log import NewEvent
from api.live.secrets import SecretBox
from api.live.webhooks import WebhookDelivery, WebhookStore
from api.live.webhooks.delivery import RetrySettings

SECRET = "a secret of some length"
QUICK = RetrySettings(first_pause_s=0.01, longest_pause_s=0.02, attempts=3)


class Receiver(ThreadingHTTPServer):
    """A real receiver that answers as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.location = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    @property
    def numbers(self) -> list[int]:
        return [int(headers["Skulens-Event-Number"]) for headers, _ in self.got]


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None: ...


class Outbox:
    """A log, a store and their delivery, which can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = EventLog(folder / "events.db")
        self.store = WebhookStore(folder / "hooks.db", SecretBox.from_file(folder / "key"))
        self.deliverer = WebhookDelivery(self.log, self.store, retries=QUICK)

    def log_events(self, *kinds: str, catalog: str = "shop") -> None:
        bodies = [json.dumps({"event": kind, "catalog": catalog}) for kind in kinds]
        self.log.append([NewEvent("s", catalog, body) for body in bodies])

    def dead_letters(self) -> list[tuple[str, int, str, str]]:
        """Webhook, number of the event, its JSON and the reason, as docs/live.md describes them."""
        query = "SELECT webhook_id, number, body, reason FROM letters ORDER BY letter"
        with closing(sqlite3.connect(self.folder / "hooks.db")) as database:
            return database.execute(query).fetchall()

    def close(self) -> None:
        self.deliverer.close()
        self.log.close()
        self.store.close()
