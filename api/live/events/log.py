"""The event log: the last events of all sessions, on disk, each with a number of its own.

An event's `sequence` counts within its session; its *number* here counts over all sessions and
restarts, and is what a reader keeps to go on later. Numbers are never used twice.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Final

from api.errors import Refused

MOST: Final = 10_000  # events that are kept
SLACK: Final = 500  # more than `most` are kept for a while, so that old ones go in one sweep
MOST_PER_PAGE: Final = 1000  # events
_BUSY_S: Final = 5.0  # while another connection writes

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    catalog TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS by_session ON events (session_id, number);
CREATE TABLE IF NOT EXISTS readers (name TEXT PRIMARY KEY, number INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event in the log.

    Attributes:
        number: in the log, rising, over all sessions and restarts.
        session_id: whose.
        catalog: name.
        body: the event as one line of JSON (docs/api.md).
    """

    number: int
    session_id: str
    catalog: str
    body: str


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be logged; the attributes are those of `LoggedEvent`."""

    session_id: str
    catalog: str
    body: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """The next events for a reader.

    Attributes:
        entries: in order.
        missed: whether events after the reader's cursor are not in the log any more.
        cursor: to be given to go on.
    """

    entries: tuple[LoggedEvent, ...]
    missed: bool
    cursor: int


class EventLog:
    """A bounded log in one SQLite file; thread-safe, for one process at a time.

    What `append` returned is still there after a crash of the machine.
    """

    def __init__(self, path: Path, most: int = MOST) -> None:
        """Open the log, or begin one.

        Args:
            path: of the file; its folder is made when it is missing.
            most: events that are kept.

        Raises:
            Refused: the file is no event log, or damaged.
            OSError: the folder cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._most = most
        self._changed = Condition()
        self._closed = False
        try:
            self._database = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
            self._database.executescript(
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;{_SCHEMA}"
            )
        except sqlite3.DatabaseError as error:
            raise Refused(
                f"{path} is no event log or is damaged ({error}); move it away to begin a new one"
            ) from error

    def append(self, events: Sequence[NewEvent]) -> int:
        """Log events, all of them or none; returns the number of the last event in the log.

        Blocks until they are on the disk.

        Raises:
            Refused: the disk refuses.
        """
        rows = [(event.session_id, event.catalog, event.body) for event in events]
        with self._changed:
            self._check_open()
            try:
                with self._database:
                    self._database.executemany(
                        "INSERT INTO events (session_id, catalog, body) VALUES (?, ?, ?)", rows
                    )
                    self._trim()
            except sqlite3.Error as error:
                raise Refused(f"events cannot be logged: {error}") from error
            self._changed.notify_all()
            return self._last()

    @property
    def last(self) -> int:
        """Number of the newest event that ever was; 0 before the first."""
        with self._changed:
            return self._last()

    def after(
        self, cursor: int, *, session_id: str | None = None, limit: int = MOST_PER_PAGE
    ) -> EventPage:
        """Return the events that follow a cursor, oldest first.

        Args:
            cursor: of the last event seen; 0 for all that are kept.
            session_id: only of this session.
            limit: at most so many.

        Raises:
            ValueError: the cursor is negative, or the limit is not from 1 to 1000.
        """
        if cursor < 0:
            raise ValueError(f"a cursor is 0 or more, not {cursor}")
        if not 1 <= limit <= MOST_PER_PAGE:
            raise ValueError(f"a page holds 1 to {MOST_PER_PAGE} events, not {limit}")
        with self._changed:
            return self._page(cursor, session_id, limit)

    def wait(
        self,
        cursor: int,
        timeout: float,
        *,
        session_id: str | None = None,
        limit: int = MOST_PER_PAGE,
    ) -> EventPage:
        """Return the same as `after`; without any, wait for some, at most `timeout` seconds."""
        with self._changed:
            page = self._page(cursor, session_id, limit)
            if not page.entries and not self._closed:
                self._changed.wait(timeout)
                page = self._page(page.cursor, session_id, limit)
            return page

    def cursor_of(self, reader: str) -> int:
        """Return where a named reader stopped; the newest event for a new one."""
        with self._changed:
            self._check_open()
            row = self._database.execute(
                "SELECT number FROM readers WHERE name = ?", (reader,)
            ).fetchone()
            return self._last() if row is None else int(row[0])

    def keep_cursor(self, reader: str, cursor: int | None) -> None:
        """Remember where a named reader is; None forgets the reader."""
        with self._changed:
            self._check_open()
            with self._database:
                if cursor is None:
                    self._database.execute("DELETE FROM readers WHERE name = ?", (reader,))
                else:
                    self._database.execute(
                        "INSERT OR REPLACE INTO readers VALUES (?, ?)", (reader, cursor)
                    )

    @property
    def is_closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._closed

    def close(self) -> None:
        """Wake every waiting reader and close the file; safe to call twice."""
        with self._changed:
            if not self._closed:
                self._closed = True
                self._changed.notify_all()
                self._database.close()

    def _page(self, cursor: int, session_id: str | None, limit: int) -> EventPage:
        if self._closed:
            return EventPage((), missed=False, cursor=cursor)
        last = self._last()
        if cursor > last:
            cursor = last  # of another log: nothing that comes shall be left out
        (first,) = self._database.execute("SELECT MIN(number) FROM events").fetchone()
        missed = (last if first is None else int(first) - 1) > cursor > 0
        where = "" if session_id is None else " AND session_id = ?"
        values = (cursor, limit) if session_id is None else (cursor, session_id, limit)
        rows = self._database.execute(
            "SELECT number, session_id, catalog, body FROM events "
            f"WHERE number > ?{where} ORDER BY number LIMIT ?",
            values,
        ).fetchall()
        entries = tuple(LoggedEvent(*row) for row in rows)
        # Nothing of this session up to the end: a later look need not begin here again.
        seen = entries[-1].number if len(entries) == limit else max(last, cursor)
        return EventPage(entries, missed, seen)

    def _last(self) -> int:
        self._check_open()
        row = self._database.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
        ).fetchone()
        return 0 if row is None else int(row[0])

    def _trim(self) -> None:
        (count,) = self._database.execute("SELECT COUNT(*) FROM events").fetchone()
        if count > self._most + SLACK:
            self._database.execute(
                "DELETE FROM events WHERE number NOT IN "
                "(SELECT number FROM events ORDER BY number DESC LIMIT ?)",
                (self._most,),
            )

    def _check_open(self) -> None:
        if self._closed:
            raise Refused("the event log is closed, because skulens is being stopped")
