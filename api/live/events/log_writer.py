"""Writes the events of live sessions to the event log, in a thread of its own."""

import logging
from collections.abc import Callable, Mapping
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final

from api.errors import Refused
from api.live.events.evidence import Evidence
from api.live.events.log import EventLog, NewEvent
from api.schemas.results import event_json, json_line
from matcher.live import FrameResult, Message
from matcher.tracking.appearance import encode_crop
from matcher.tracking.events import EventKind

WAITING: Final = 4096  # results with events, between the fast path and the disk
BATCH: Final = 256  # results written with one sync of the disk
_NAMING: Final = (EventKind.CONFIRMED, EventKind.REVISED)

_logger: Final = logging.getLogger(__name__)


class EventLogWriter:
    """Listens to a session manager; the fast path never waits for the disk.

    Attributes:
        lost: events that could not be logged, because the disk refused or hung for too long.
    """

    def __init__(self, log: EventLog, evidence: Evidence | None = None) -> None:
        self._log = log
        self._evidence = evidence
        self._queue: Queue[FrameResult | None] = Queue(WAITING)
        self.lost = 0
        self._thread = Thread(target=self._run, name="event log writer", daemon=True)
        self._thread.start()

    def __call__(self, message: Message) -> None:
        """Take a message of `SessionManager.listen`; never blocks."""
        if isinstance(message, FrameResult) and (message.events or message.summaries):
            try:
                self._queue.put_nowait(message)
            except Full:
                self.lost += len(message.events)

    def close(self, timeout: float = 5.0) -> None:
        """Write what has come and end; call it when no session runs any more."""
        if self._thread.is_alive():
            self._queue.put(None, timeout=timeout)
            self._thread.join(timeout)

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch = [self._queue.get()]
            while len(batch) < BATCH:
                try:
                    batch.append(self._queue.get_nowait())
                except Empty:
                    break
            results = [result for result in batch if result is not None]
            is_open = len(results) == len(batch)
            self._write(results)

    def _write(self, results: list[FrameResult]) -> None:
        self._safely(lambda: self._keep_evidence(results), 0)
        count = sum(len(result.events) for result in results)
        if count:
            self._safely(lambda: self._log.append(_new_events(results)), count)

    def _keep_evidence(self, results: list[FrameResult]) -> None:
        if self._evidence is None:
            return
        for result in results:
            for appearance_id, jpeg in evidence_images(result).items():
                self._evidence.keep(appearance_id, jpeg)

    def _safely(self, write: Callable[[], object], events: int) -> None:
        try:
            write()
        except (Refused, OSError) as error:
            self.lost += events
            _logger.error("what live sessions said could not be kept: %s", error)
        except Exception:
            # Whatever broke at one batch, the next one is written.
            self.lost += events
            _logger.exception("what live sessions said could not be kept")


def _new_events(results: list[FrameResult]) -> list[NewEvent]:
    return [
        NewEvent(event.session_id, event.catalog, json_line(event_json(event)))
        for result in results
        for event in result.events
    ]


def evidence_images(result: FrameResult) -> Mapping[str, bytes]:
    """Return JPEGs by appearance: of those that got or changed their name, and that left."""
    images: dict[str, bytes] = {}
    for event in result.events:
        if event.event in _NAMING:
            images[event.appearance_id] = encode_crop(result.frame.image, event.box)[1]
    for summary in result.summaries:
        if summary.best is not None:
            images[summary.appearance_id] = summary.best.jpeg
    return images
