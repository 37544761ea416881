"""Sessions that were logged out of before they expired; all workers see them at once."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from api.errors import Refused
from api.http.auth.cookies import Session
from api.http.problems import RETRY_S, Problem

MOST_OF_A_KEY: Final = 1000  # sessions, 100 bytes each; one more ends all that the key has
_BUSY_S: Final = 2.0  # that a worker waits for another one's log-out

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS ended (
    session TEXT PRIMARY KEY, key_id TEXT NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ended_to (key_id TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID;
COMMIT;
"""
_LOOK: Final = (
    "SELECT 1 FROM ended WHERE session = ? "
    "UNION ALL SELECT 1 FROM ended_to WHERE key_id = ? AND until >= ?"
)


class EndedSessions:
    """One SQLite file for all workers; what has expired is forgotten."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, or begin one.

        Raises:
            Refused: it is damaged.
            OSError: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        try:
            self._database = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            raise Refused(f"{path} is damaged ({error}); move it away to begin anew") from error

    def has(self, session: Session) -> bool:
        """Whether a session was ended.

        Raises:
            Problem: that cannot be found out just now.
        """
        values = (session.session_id, session.key_id, session.until)
        with _unavailable_for_now(), closing(self._database.execute(_LOOK, values)) as found:
            return found.fetchone() is not None

    def add(self, session: Session) -> None:
        """End a session, in every process.

        Raises:
            Problem: it cannot be written down just now.
        """
        now, key_id = self._clock(), session.key_id
        with _unavailable_for_now(), self._database as database:
            for table in ("ended", "ended_to"):
                database.execute(f"DELETE FROM {table} WHERE until < ?", (now,))
            row = (session.session_id, key_id, session.until)
            database.execute("INSERT OR REPLACE INTO ended VALUES (?, ?, ?)", row)
            counted = "SELECT COUNT(*), MAX(until) FROM ended WHERE key_id = ?"
            many, last = database.execute(counted, (key_id,)).fetchone()
            if many > MOST_OF_A_KEY:  # rather one session too many than a stolen one
                database.execute("DELETE FROM ended WHERE key_id = ?", (key_id,))
                database.execute("INSERT OR REPLACE INTO ended_to VALUES (?, ?)", (key_id, last))


@contextmanager
def _unavailable_for_now() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Problem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"sessions cannot be looked up ({error}); try again in a moment",
            "storage",
            {"Retry-After": str(RETRY_S)},
        ) from error
