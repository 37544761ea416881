"""Reading the event log for ever, at the reader's own pace."""

from collections.abc import Iterator
from typing import Final

from api.events.log import EventLog, Page

HEARTBEAT_S: Final = 15.0
PAGE: Final = 100


def tail(
    log: EventLog,
    cursor: int,
    *,
    session_id: str | None = None,
    heartbeat_s: float = HEARTBEAT_S,
) -> Iterator[Page]:
    """Pages of what follows a cursor, until the log is closed; blocks for what is to come.

    Nothing queues up for a slow reader: what it has not read is in the log, or, past the log's
    bound, lost and marked as missed. An empty page after `heartbeat_s` seconds without an event
    lets a connection be kept open, or found dead.
    """
    while not log.is_closed:
        page = log.wait(cursor, heartbeat_s, session_id=session_id, limit=PAGE)
        yield page
        cursor = page.cursor
