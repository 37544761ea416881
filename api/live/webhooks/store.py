"""Webhooks on disk, their secrets encrypted, and the events that could not be delivered."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any, Final

from api.errors import Refused
from api.live.secrets import SecretBox
from api.live.webhooks.webhook import Webhook, WebhookRequest

MOST_HOOKS: Final = 64  # each has a thread
MOST_LETTERS: Final = 1000  # dead letters; the oldest go first
_BUSY_S: Final = 5.0  # while another process writes to the file

Rows = list[tuple[Any, ...]]

_SCHEMA: Final = """
PRAGMA journal_mode=WAL;
CREATE TABLE IF NOT EXISTS hooks (
    webhook_id TEXT PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL,
    kinds TEXT NOT NULL, catalog TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS letters (
    letter INTEGER PRIMARY KEY AUTOINCREMENT, webhook_id TEXT NOT NULL, number INTEGER NOT NULL,
    body TEXT NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL
);
"""


class WebhookStore:
    """One SQLite file; thread-safe."""

    def __init__(self, path: Path, secrets: SecretBox) -> None:
        """Open the file, or begin one.

        Raises:
            Refused: it is damaged.
            OSError: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._secrets = secrets
        self._lock = Lock()
        try:
            self._database = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise Refused(f"{path} is damaged ({error}); move it away to begin anew") from error

    def list(self) -> tuple[Webhook, ...]:
        """Return all webhooks, by id."""
        columns = "webhook_id, url, kinds, catalog"
        rows = self._rows(f"SELECT {columns} FROM hooks ORDER BY webhook_id")
        return tuple(Webhook(key, url, tuple(json.loads(k)), name) for key, url, k, name in rows)

    def secret(self, webhook_id: str) -> str:
        """Return the secret that signs its deliveries.

        Raises:
            Refused: there is no such webhook, or it was stored under another key.
        """
        rows = self._rows("SELECT secret FROM hooks WHERE webhook_id = ?", webhook_id)
        if not rows:
            raise Refused(f"there is no webhook {webhook_id}")
        return self._secrets.decrypt(str(rows[0][0]))

    def add(self, order: WebhookRequest) -> Webhook:
        """Remember a webhook; on the disk when this returns.

        Raises:
            Refused: something about it cannot be, there is one of that id, or there are too many.
        """
        hook, known = order.to_webhook(), {known_hook.webhook_id for known_hook in self.list()}
        if hook.webhook_id in known:
            raise Refused(f"there is a webhook {hook.webhook_id} already")
        if len(known) >= MOST_HOOKS:
            raise Refused(f"{MOST_HOOKS} webhooks are remembered; remove one first")
        row = (
            hook.webhook_id, hook.url, self._secrets.encrypt(order.secret),
            json.dumps(hook.kinds), hook.catalog,
        )  # fmt: skip
        self._write("INSERT INTO hooks VALUES (?, ?, ?, ?, ?)", *row)
        return hook

    def remove(self, webhook_id: str) -> None:
        """Forget a webhook; its dead letters stay.

        Raises:
            Refused: there is none of that id.
        """
        if not self._write("DELETE FROM hooks WHERE webhook_id = ?", webhook_id):
            raise Refused(f"there is no webhook {webhook_id}")

    def bury(self, webhook_id: str, number: int, body: str, reason: str, at: float) -> None:
        """Keep an event that could not be delivered; beyond the bound the oldest go."""
        self._write(
            "INSERT INTO letters (webhook_id, number, body, reason, at) VALUES (?, ?, ?, ?, ?)",
            webhook_id, number, body, reason, at,
        )  # fmt: skip
        self._write(
            "DELETE FROM letters WHERE letter NOT IN "
            "(SELECT letter FROM letters ORDER BY letter DESC LIMIT ?)",
            MOST_LETTERS,
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _rows(self, statement: str, *values: object) -> Rows:
        with self._lock, closing(self._database.execute(statement, values)) as found:
            return found.fetchall()

    def _write(self, statement: str, *values: object) -> int:
        with self._lock, self._database:
            return self._database.execute(statement, values).rowcount
