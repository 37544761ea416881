"""Delivers events to webhooks, in order, from where each of them stopped."""

import json
import logging
import random
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final

from api.errors import Refused, sentence
from api.live.events.log import EventLog, LoggedEvent
from api.live.webhooks.http_sender import HttpSender, Sender
from api.live.webhooks.mqtt import MqttPublisher, Publisher
from api.live.webhooks.store import WebhookStore
from api.live.webhooks.webhook import Webhook, WebhookRequest, signature

WAIT_S: Final = 1.0  # a closed log is noticed after that at the latest
PAGE: Final = 50  # events read from the log at once

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How often, and when, a delivery is tried again.

    Attributes:
        first_pause_s: after the first failure; doubles each time.
        longest_pause_s: no pause is longer.
        attempts: then it becomes a dead letter, and the next event's turn comes.
    """

    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    attempts: int = 8

    def pause_s(self, failures: int, jitter: float) -> float:
        """Return the seconds after so many failures, 1 or more; `jitter` is from [0, 1)."""
        pause = min(self.first_pause_s * 2.0 ** min(failures - 1, 16), self.longest_pause_s)
        return pause * (1.0 - 0.25 * jitter)


class WebhookDelivery:
    """One thread per webhook, so that a receiver that hangs holds up nobody else.

    An event is delivered at least once: its number in the log, which the header
    `Skulens-Event-Number` gives, tells a repetition. Thread-safe.
    """

    def __init__(
        self,
        log: EventLog,
        store: WebhookStore,
        *,
        sender: Sender | None = None,
        publisher: Publisher | None = None,
        retries: RetrySettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begin to deliver to every webhook of the store."""
        self._log = log
        self._store = store
        self._sender = sender or HttpSender()
        self._publisher = publisher or MqttPublisher()
        self._retries = retries or RetrySettings()
        self._clock = clock
        self._lock = Lock()
        self._runs: dict[str, _Run] = {}
        for hook in store.list():
            self._start(hook)

    def list(self) -> tuple[Webhook, ...]:
        """Return all webhooks, by id."""
        return self._store.list()

    def add(self, order: WebhookRequest) -> Webhook:
        """Remember a webhook and send it everything from now on.

        Raises:
            Refused: see `WebhookStore.add`.
        """
        hook = self._store.add(order)
        self._keep_cursor(hook, self._log.last)
        self._start(hook)
        return hook

    def remove(self, webhook_id: str) -> None:
        """Forget a webhook; a delivery under way is not waited for.

        Raises:
            Refused: there is none of that id.
        """
        self._store.remove(webhook_id)
        with self._lock:
            run = self._runs.pop(webhook_id, None)
        if run is not None:
            run.closing.set()
            self._log.keep_cursor(_reader(run.hook), None)

    def close(self, timeout: float = 2.0) -> None:
        """Deliver no more; what is left is delivered after the next start."""
        with self._lock:
            runs = tuple(self._runs.values())
        for run in runs:
            run.closing.set()
        until = time.monotonic() + timeout
        for run in runs:
            run.thread.join(max(until - time.monotonic(), 0.0))

    def _start(self, hook: Webhook) -> None:
        closing = Event()
        thread = Thread(
            target=self._run, args=(hook, closing), name=f"webhook {hook.webhook_id}", daemon=True
        )
        with self._lock:
            self._runs[hook.webhook_id] = _Run(hook, closing, thread)
        thread.start()

    def _run(self, hook: Webhook, closing: Event) -> None:
        try:
            cursor = self._log.cursor_of(_reader(hook))
            while not closing.is_set() and not self._log.is_closed:
                page = self._log.wait(cursor, WAIT_S, limit=PAGE)
                if page.missed:
                    _logger.error("webhook %s was too far behind: events are lost", hook.webhook_id)
                for entry in page.entries:
                    if not _is_wanted(hook, entry):
                        continue
                    if not self._deliver(hook, entry, closing):
                        return
                    self._keep_cursor(hook, entry.number)
                if page.cursor != cursor and not closing.is_set():
                    self._keep_cursor(hook, page.cursor)
                cursor = page.cursor
        except Refused as error:
            _logger.info("webhook %s: %s", hook.webhook_id, error)
        except sqlite3.Error as error:
            _logger.error("webhook %s ends: %s", hook.webhook_id, sentence(error))

    def _keep_cursor(self, hook: Webhook, cursor: int) -> None:
        """Remember how far a webhook is; where the disk refuses, it may hear of events twice."""
        try:
            self._log.keep_cursor(_reader(hook), cursor)
        except sqlite3.Error as error:
            _logger.error("webhook %s keeps no place: %s", hook.webhook_id, sentence(error))

    def _bury(self, hook: Webhook, entry: LoggedEvent, outcome: str) -> None:
        try:
            self._store.bury(hook.webhook_id, entry.number, entry.body, outcome, self._clock())
        except sqlite3.Error as error:
            _logger.error("webhook %s loses event %d: %s", hook.webhook_id, entry.number, error)

    def _deliver(self, hook: Webhook, entry: LoggedEvent, closing: Event) -> bool:
        """Try until it is taken or given up; return False if the service ends first."""
        body, reason = entry.body.encode("ascii"), ""
        for failures in range(1, self._retries.attempts + 1):
            reason = self._send(hook, entry, body)
            if not reason:
                return True
            last = failures == self._retries.attempts
            if not last and closing.wait(self._retries.pause_s(failures, random.random())):
                return False
        outcome = f"{reason[0].upper()}{reason[1:]}, {self._retries.attempts} times."
        self._bury(hook, entry, outcome)
        return True

    def _send(self, hook: Webhook, entry: LoggedEvent, body: bytes) -> str:
        headers = self._headers(hook, entry, body)
        if hook.is_broker:
            password = self._store.secret(hook.webhook_id)
            return self._publisher(hook.url, body, headers, password)
        return self._sender(hook.url, body, headers)

    def _headers(self, hook: Webhook, entry: LoggedEvent, body: bytes) -> dict[str, str]:
        secret = self._store.secret(hook.webhook_id)
        return {
            "Content-Type": "application/json",
            "User-Agent": "skulens",
            "Skulens-Event-Number": str(entry.number),
            "Skulens-Signature": signature(secret, int(self._clock()), body),
        }


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    hook: Webhook
    closing: Event
    thread: Thread


def _is_wanted(hook: Webhook, entry: LoggedEvent) -> bool:
    return hook.wants(str(json.loads(entry.body)["event"]), entry.catalog)


def _reader(hook: Webhook) -> str:
    return f"webhook {hook.webhook_id}"
