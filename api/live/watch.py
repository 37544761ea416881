"""One source matched against one catalog, for as long as a block runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from api.services import PhotoFinder
from catalog.follower import Follower
from catalog.snapshot import Catalog
from catalog.store import CatalogStore
from matcher.live import LiveSubscription, MessageBatch, SessionManager, SessionStatus
from stream.sources import LiveSource

REFRESH_S: Final = 0.1  # as often as a terminal is drawn anew


class WatchedSource:
    """A running session and what it tells."""

    def __init__(
        self,
        manager: SessionManager[Catalog],
        session_id: str,
        subscription: LiveSubscription,
        catalog: Callable[[], Catalog],
    ) -> None:
        """Take a session that has begun.

        Args:
            manager: runs the session.
            session_id: of the session.
            subscription: collects what it tells.
            catalog: gives the newest snapshot.
        """
        self.catalog = catalog
        self._manager = manager
        self._session_id = session_id
        self._subscription = subscription
        self._last_status: SessionStatus | None = None

    @property
    def status(self) -> SessionStatus:
        """The state and the counters of the session; the last ones once it is stopped."""
        return self._last_status or self._manager.get(self._session_id)

    def batches(self, seconds: float | None = None) -> Iterator[MessageBatch | None]:
        """Yield what happened, until the session ends or the time is over.

        Args:
            seconds: at most that long; None for as long as the session lasts.

        Yields:
            What has come since the last time; None after a tenth of a second without anything.
        """
        until = float("inf") if seconds is None else time.monotonic() + seconds
        while time.monotonic() < until:
            batch = self._subscription.take(REFRESH_S)
            yield batch
            if batch is None and self.status.state.is_final:
                return

    def stop(self) -> Iterator[MessageBatch]:
        """Stop the session, and yield what nobody has read; whatever is in view leaves."""
        self._last_status = self.status
        self._manager.stop(self._session_id)
        while (batch := self._subscription.take(0)) is not None:
            yield batch


@contextmanager
def watch_source(
    finder: PhotoFinder, store: CatalogStore, source: LiveSource, record: Path | None = None
) -> Iterator[WatchedSource]:
    """Match a source while the block runs.

    Args:
        finder: finds products.
        store: the catalog, whose newest version answers.
        source: not started yet.
        record: new folder to record the session into; None records nothing.

    Raises:
        CatalogError: the catalog cannot be read.
        LiveError: the recording's folder is not empty.
        OSError: the recording cannot be written.
    """
    with ExitStack() as stack:
        followed = stack.enter_context(Follower(store))
        manager: SessionManager[Catalog] = stack.enter_context(closing(SessionManager(finder)))
        subscription = stack.enter_context(closing(manager.subscribe()))
        session_id = manager.start(source, followed.catalog, record=record)
        yield WatchedSource(manager, session_id, subscription, followed.catalog)
