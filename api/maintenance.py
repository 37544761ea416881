"""Looks after catalogs in the background: takes in what people put into the storage."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Final, Protocol

from api.errors import refusals, sentence
from catalog.reconcile.report import FindingKind, Report

_logger: Final = logging.getLogger(__name__)
# Several services on one storage should not all come at the same second.
_JITTER: Final = 0.2
_LONGEST_WAIT_S: Final = 3600.0
_ENDING_S: Final = 2.0


class Reconciling(Protocol):
    """Brings a catalog and its storage together, as `catalog.reconcile.reconciler.Reconciler`."""

    def sync(self) -> Report:
        """Take in what was dropped and edited."""
        ...

    def reconcile(self) -> Report:
        """As `sync`; take deletions in too, mend what is missing and collect orphans."""
        ...


class Shelf(Protocol):
    """All catalogs; `catalog.registry.Catalogs` is one."""

    def names(self) -> tuple[str, ...]:
        """Names of the catalogs that there are."""
        ...

    def reconciler(self, name: str) -> Reconciling:
        """What brings one and its storage together."""
        ...


@dataclass(frozen=True, slots=True)
class MaintenanceIntervals:
    """How often catalogs are looked after.

    Attributes:
        sync_s: seconds between two looks for what was dropped and edited; 0 for never.
        reconcile_s: seconds between two comparisons of everything; 0 for never.
    """

    sync_s: float = 300.0
    reconcile_s: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class MaintenanceStatus:
    """How a catalog was found.

    Attributes:
        synced_at: Unix seconds of the last look that went to its end; 0 before the first.
        reconciled_at: likewise, of the last comparison of everything.
        drift: share of what was compared then that differed.
        counts: of the last look or comparison, findings by kind.
        fault: one sentence, if the last attempt failed; else empty.
    """

    synced_at: float = 0.0
    reconciled_at: float = 0.0
    drift: float = 0.0
    counts: Mapping[FindingKind, int] = field(default_factory=lambda: MappingProxyType({}))
    fault: str = ""

    def count(self, kind: FindingKind) -> int:
        """Findings of a kind."""
        return self.counts.get(kind, 0)


class CatalogMaintenance:
    """One thread that goes round all catalogs; what fails is told and tried again next time.

    Thread-safe. What needs a person, such as a mass disappearance, is withheld as by the command.
    """

    def __init__(
        self, shelf: Shelf, rounds: MaintenanceIntervals, *, clock: Callable[[], float] = time.time
    ) -> None:
        """Name the catalogs; nothing is begun yet.

        Args:
            shelf: the catalogs.
            rounds: how often.
            clock: Unix seconds.
        """
        self._shelf = shelf
        self._rounds = rounds
        self._clock = clock
        self._lock = Lock()
        self._known: dict[str, Reconciling] = {}
        self._tended: dict[str, MaintenanceStatus] = {}
        self._ending = Event()
        self._thread: Thread | None = None

    @property
    def tended(self) -> dict[str, MaintenanceStatus]:
        """How each catalog was found, by name."""
        with self._lock:
            return dict(self._tended)

    def start(self) -> None:
        """Begin to go round; nothing happens where both intervals are 0."""
        wanted = [s for s in (self._rounds.sync_s, self._rounds.reconcile_s) if s > 0]
        if wanted and self._thread is None and not self._ending.is_set():
            pause = min(*wanted, _LONGEST_WAIT_S)
            self._thread = Thread(target=self._go, args=(pause,), name="tender", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End; a catalog that is being looked at is left as a kill would leave it: whole."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_ENDING_S)

    def go_round(self) -> None:
        """Look after every catalog whose time has come; blocks."""
        try:
            names = self._shelf.names()
        except refusals() as error:
            _logger.warning("catalogs cannot be looked after: %s", sentence(error))
            return
        with self._lock:
            for gone in self._tended.keys() - set(names):
                del self._tended[gone]
                self._known.pop(gone, None)
        for name in names:
            if self._ending.is_set():
                return
            self._look_after(name)

    def _go(self, pause: float) -> None:
        while not self._ending.wait(pause * (1 - _JITTER * random.random())):
            self.go_round()

    def _look_after(self, name: str) -> None:
        with self._lock:
            before = self._tended.get(name, MaintenanceStatus())
        now = self._clock()
        everything = _is_due(before.reconciled_at, self._rounds.reconcile_s, now)
        if not everything and not _is_due(before.synced_at, self._rounds.sync_s, now):
            return
        try:
            reconciler = self._known.get(name) or self._shelf.reconciler(name)
            self._known[name] = reconciler
            report = reconciler.reconcile() if everything else reconciler.sync()
        except refusals() as error:
            after = replace(before, fault=sentence(error))
            _logger.warning("catalog %s cannot be looked after: %s", name, after.fault)
        else:
            after = _found(before, report, self._clock(), everything=everything)
            _tell(name, report)
        with self._lock:
            self._tended[name] = after


def _is_due(last: float, every: float, now: float) -> bool:
    # A round comes a little early, by its jitter.
    return every > 0 and now - last >= every * (1 - 2 * _JITTER)


def _found(
    before: MaintenanceStatus, report: Report, now: float, *, everything: bool
) -> MaintenanceStatus:
    counts = MappingProxyType({kind: report.count(kind) for kind in FindingKind})
    after = replace(before, synced_at=now, counts=counts, fault="")
    return replace(after, reconciled_at=now, drift=report.drift) if everything else after


def _tell(name: str, report: Report) -> None:
    for one in report.findings:
        needs_somebody = one.kind in (FindingKind.WITHHELD, FindingKind.PROBLEM)
        level = logging.WARNING if needs_somebody else logging.INFO
        _logger.log(level, "catalog %s: %s", name, one.sentence)
