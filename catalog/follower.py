"""Follows a catalog in the background, so that readers never wait for the storage."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Final, Self

from catalog.errors import CatalogError
from catalog.snapshot import Catalog
from catalog.store import WAIT_SECONDS, CatalogStore

# Between two looks at the journal: how old an answer may be while all is well.
POLL_SECONDS: Final = 0.5
# A poll that has not come back after so long counts as failing.
_OVERDUE_SECONDS: Final = 2.0
# While the storage fails, pauses double up to this one.
_LONGEST_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class FollowerHealth:
    """The freshness of a followed catalog.

    Attributes:
        index_version: of the snapshot that readers get.
        degraded: whether the storage does not answer, so that changes may be missing.
        reason: one sentence when degraded, else empty.
        age_s: seconds since the journal was last seen whole.
    """

    index_version: int
    degraded: bool
    reason: str
    age_s: float


class Follower:
    """Polls one catalog's journal; a context manager, safe to share between threads.

    While the storage fails, readers keep the snapshot they had, and the follower keeps trying.
    """

    def __init__(
        self,
        store: CatalogStore,
        *,
        poll_seconds: float = POLL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the catalog once.

        Raises:
            NotFound: there is no such catalog.
            StorageUnavailable: it cannot be read.
        """
        self._store = store
        self._poll_seconds = poll_seconds
        self._clock = clock
        self._catalog = _warm(store.snapshot())
        self._seen_at = clock()
        self._fault = store.fault
        self._stopped = Event()
        self._thread = Thread(target=self._run, name=f"follow-{store.name}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        # It may take minutes, for which nothing waits: neither readers nor the end.
        Thread(target=self._warm_votes, name=f"votes-{self._store.name}", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def catalog(self, *, min_version: int = 0, wait_seconds: float = WAIT_SECONDS) -> Catalog:
        """Return the newest snapshot; what this process wrote is in it at once.

        Args:
            min_version: an `index_version` that the caller knows of and wants to see.
            wait_seconds: how long to wait for it; without a version, nothing is waited for.

        Raises:
            VersionNotReached: it was not seen within the wait.
            NotFound: the catalog was deleted.
            StorageUnavailable: the storage fails while the version is waited for.
        """
        latest = self._store.latest()
        needed = max(min_version, self._store.written_version)
        for catalog in (self._catalog, latest):  # the first one has read all that it needs
            if catalog.index_version >= needed:
                return catalog
        return self._store.snapshot(min_version=min_version, wait_seconds=wait_seconds)

    @property
    def health(self) -> FollowerHealth:
        """The freshness of its snapshot."""
        age = self._clock() - self._seen_at
        overdue = age > self._poll_seconds + _OVERDUE_SECONDS
        reason = self._fault or ("the storage does not answer" if overdue else "")
        return FollowerHealth(self._catalog.index_version, bool(reason), reason, age)

    def _run(self) -> None:
        pause = self._poll_seconds
        while not self._stopped.wait(pause):
            started = self._clock()
            try:
                self._catalog = _warm(self._store.snapshot())
            except CatalogError as error:
                self._fault = " ".join(str(error).split())
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                self._fault = self._store.fault
                self._seen_at = started
                pause = self._poll_seconds

    def _warm_votes(self) -> None:
        with suppress(CatalogError):  # whoever asks for votes is told
            self._catalog.warm_up_votes()


def _warm(catalog: Catalog) -> Catalog:
    catalog.warm_up()
    return catalog
