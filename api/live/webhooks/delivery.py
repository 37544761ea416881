"""Delivers events to webhooks, in order, from where each of them stopped."""

import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import Final

from api.errors import Refused
from api.live.events.log import EventLog, LoggedEvent
from api.live.webhooks.http_sender import HttpSender, Sender
from api.live.webhooks.mqtt import MqttPublisher, Publisher
from api.live.webhooks.store import WebhookStore
from api.live.webhooks.webhook import Webhook, WebhookRequest, signature

WAIT_S: Final = 1.0
PAGE: Final = 50

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """How often a delivery is tried.

    Attributes:
        first_pause_s: after the first failure; doubles each time.
        longest_pause_s: no pause is longer.
        attempts: then it becomes a dead letter, and the next event's turn comes.
    """

    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    attempts: int = 8

    def pause_s(self, failures: int, chance: float) -> float:
        """Seconds after so many failures (1 or more); `chance` evenly from [0, 1) is jitter."""
        pause = min(self.first_pause_s * 2.0 ** min(failures - 1, 16), self.longest_pause_s)
        return pause * (1.0 - 0.25 * chance)


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
            self._begin(hook)

    def list(self) -> tuple[Webhook, ...]:
        """Return all webhooks, by id."""
        return self._store.list()

    def add(self, order: WebhookRequest) -> Webhook:
        """Remember a webhook and tell it of everything from now on.

        Raises:
            Refused: see `WebhookStore.add`.
        """
        hook = self._store.add(order)
        self._log.keep_cursor(_reader(hook), self._log.last)
        self._begin(hook)
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
            run.ending.set()
            self._log.keep_cursor(_reader(run.hook), None)

    def close(self, timeout: float = 2.0) -> None:
        """Deliver no more; what is left is delivered after the next start."""
        with self._lock:
            runs = tuple(self._runs.values())
        for run in runs:
            run.ending.set()
        until = time.monotonic() + timeout
        for run in runs:
            run.thread.join(max(until - time.monotonic(), 0.0))

    def _begin(self, hook: Webhook) -> None:
        ending = Event()
        thread = Thread(
            target=self._run, args=(hook, ending), name=f"webhook {hook.webhook_id}", daemon=True
        )
        with self._lock:
            self._runs[hook.webhook_id] = _Run(hook, ending, thread)
        thread.start()

    def _run(self, hook: Webhook, ending: Event) -> None:
        try:
            cursor = self._log.cursor_of(_reader(hook))
            while not ending.is_set() and not self._log.is_closed:
                page = self._log.wait(cursor, WAIT_S, limit=PAGE)
                if page.missed:
                    _logger.error("webhook %s was too far behind: events are lost", hook.webhook_id)
                for entry in page.entries:
                    if not _wants(hook, entry):
                        continue
                    if not self._deliver(hook, entry, ending):
                        return
                    self._log.keep_cursor(_reader(hook), entry.number)
                if page.cursor != cursor and not ending.is_set():
                    self._log.keep_cursor(_reader(hook), page.cursor)
                cursor = page.cursor
        except Refused as error:
            _logger.info("webhook %s: %s", hook.webhook_id, error)

    def _deliver(self, hook: Webhook, entry: LoggedEvent, ending: Event) -> bool:
        """Until it is taken, or given up; False if the service ends first."""
        body, reason = entry.body.encode("ascii"), ""
        for failures in range(1, self._retries.attempts + 1):
            reason = self._sent(hook, entry, body)
            if not reason:
                return True
            last = failures == self._retries.attempts
            if not last and ending.wait(self._retries.pause_s(failures, random.random())):
                return False
        said = f"{reason[0].upper()}{reason[1:]}, {self._retries.attempts} times."
        self._store.bury(hook.webhook_id, entry.number, entry.body, said, self._clock())
        return True

    def _sent(self, hook: Webhook, entry: LoggedEvent, body: bytes) -> str:
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
    ending: Event
    thread: Thread


def _wants(hook: Webhook, entry: LoggedEvent) -> bool:
    return hook.wants(str(json.loads(entry.body)["event"]), entry.catalog)


def _reader(hook: Webhook) -> str:
    return f"webhook {hook.webhook_id}"
