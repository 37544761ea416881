"""Maintains catalogs in the background.

Takes in what people put into the storage, and encodes anew what an earlier version encoded.
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event, Lock, Thread
from types import MappingProxyType
from typing import Final

from api.errors import refusals, sentence
from catalog.reconcile.reconciler import Reconciler
from catalog.reconcile.report import FindingKind, Report
from catalog.registry import Catalogs

_logger: Final = logging.getLogger(__name__)
_JITTER: Final = 0.2  # share of a pause: services on one storage do not all come at the same second
_LONGEST_WAIT_S: Final = 3600.0  # a new catalog is found after that at the latest
_CLOSE_S: Final = 2.0  # for a round under way; then it is left as a kill would leave it


@dataclass(frozen=True, slots=True)
class MaintenanceIntervals:
    """How often catalogs are maintained.

    Attributes:
        sync_s: seconds between two syncs of what was dropped and edited; 0 for never.
        reconcile_s: seconds between two comparisons of everything; 0 for never.
    """

    sync_s: float = 300.0
    reconcile_s: float = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class MaintenanceStatus:
    """The outcome of a catalog's last maintenance.

    Attributes:
        synced_at: Unix seconds of the last sync that went to its end; 0 before the first.
        reconciled_at: Unix seconds of the last comparison of everything; 0 before the first.
        drift: share of what was compared then that differed.
        counts: findings of the last sync or comparison, by kind.
        fault: one sentence, if the last attempt failed; else empty.
    """

    synced_at: float = 0.0
    reconciled_at: float = 0.0
    drift: float = 0.0
    counts: Mapping[FindingKind, int] = field(default_factory=lambda: MappingProxyType({}))
    fault: str = ""

    def count(self, kind: FindingKind) -> int:
        """Return the number of findings of a kind."""
        return self.counts.get(kind, 0)


class CatalogMaintenance:
    """One thread that syncs and reconciles all catalogs; what fails is tried again next time.

    Thread-safe. What needs a person, such as a mass disappearance, is withheld as by the command.
    """

    def __init__(
        self,
        catalogs: Catalogs,
        intervals: MaintenanceIntervals,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the catalogs; nothing is begun yet.

        Args:
            catalogs: of one storage.
            intervals: how often.
            clock: Unix seconds.
        """
        self._catalogs = catalogs
        self._intervals = intervals
        self._clock = clock
        self._lock = Lock()
        self._reconcilers: dict[str, Reconciler] = {}
        self._statuses: dict[str, MaintenanceStatus] = {}
        self._closing = Event()
        self._thread: Thread | None = None

    @property
    def statuses(self) -> dict[str, MaintenanceStatus]:
        """The outcome of each catalog's last maintenance, by name."""
        with self._lock:
            return dict(self._statuses)

    def start(self) -> None:
        """Start the thread, unless both intervals are 0."""
        intervals = self._intervals
        wanted = [s for s in (intervals.sync_s, intervals.reconcile_s) if s > 0]
        if wanted and self._thread is None and not self._closing.is_set():
            pause = min(*wanted, _LONGEST_WAIT_S)
            self._thread = Thread(target=self._loop, args=(pause,), name="maintenance", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End; a catalog that is being maintained is left as a kill would leave it: whole."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_S)

    def run_once(self) -> None:
        """Maintain every catalog whose time has come; blocks."""
        try:
            names = self._catalogs.names()
        except refusals() as error:
            _logger.warning("catalogs cannot be looked after: %s", sentence(error))
            return
        with self._lock:
            for gone in self._statuses.keys() - set(names):
                del self._statuses[gone]
                self._reconcilers.pop(gone, None)
        for name in names:
            if self._closing.is_set():
                return
            self._maintain(name)

    def _loop(self, pause: float) -> None:
        while not self._closing.wait(pause * (1 - _JITTER * random.random())):
            self.run_once()

    def _maintain(self, name: str) -> None:
        with self._lock:
            before = self._statuses.get(name, MaintenanceStatus())
        now, intervals = self._clock(), self._intervals
        everything = _is_due(before.reconciled_at, intervals.reconcile_s, now)
        if not everything and not _is_due(before.synced_at, intervals.sync_s, now):
            return
        try:
            reconciler = self._reconcilers.get(name) or self._catalogs.reconciler(name)
            self._reconcilers[name] = reconciler
            report = reconciler.reconcile() if everything else reconciler.sync()
            version = self._catalogs.open(name).migration.renew()
            if not everything:
                report = report.with_more(reconciler.mark_backgrounds())
        except refusals() as error:
            after = replace(before, fault=sentence(error))
            _logger.warning("catalog %s cannot be looked after: %s", name, after.fault)
        else:
            after = _status_after(before, report, self._clock(), everything=everything)
            _log_findings(name, report)
            if version is not None:
                _logger.info("catalog %s is encoded anew, at version %d", name, version)
        with self._lock:
            self._statuses[name] = after


def _is_due(last: float, every: float, now: float) -> bool:
    # A round comes a little early, by its jitter. A last time that is still to come was noted
    # before somebody set the clock back.
    return every > 0 and not 0 <= now - last < every * (1 - 2 * _JITTER)


def _status_after(
    before: MaintenanceStatus, report: Report, now: float, *, everything: bool
) -> MaintenanceStatus:
    counts = MappingProxyType({kind: report.count(kind) for kind in FindingKind})
    after = replace(before, synced_at=now, counts=counts, fault="")
    return replace(after, reconciled_at=now, drift=report.drift) if everything else after


def _log_findings(name: str, report: Report) -> None:
    for finding in report.findings:
        needs_person = finding.kind in (FindingKind.HELD_BACK, FindingKind.PROBLEM)
        level = logging.WARNING if needs_person else logging.INFO
        _logger.log(level, "catalog %s: %s", name, finding.sentence)
