"""Objects that a change needs in the storage, kept there until the change is committed."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from catalog.errors import Conflict
from catalog.journal.commit_log import Changes, Commit, CommitLog, Decide
from catalog.journal.state import CatalogState

# Whoever removes orphans announces it in the journal first and stops after this time.
COLLECTING_SECONDS: Final = 10.0
# For the request that was under way when that time was over.
_MARGIN_SECONDS: Final = 5.0
# What was just written is no orphan for a day, so being collected twice is a fault.
_MOST_WRITES: Final = 5


class _MayBeCollected(Exception):
    """The objects may have been removed as orphans, as of some entry of the journal."""

    def __init__(self, sequence: int) -> None:
        super().__init__(sequence)
        self.sequence = sequence


class ImageUpload:
    """The objects of some pictures, written again when they may have been collected.

    Objects that nothing refers to yet look like orphans. Removing orphans is announced by a journal
    entry, so a writer that was stalled while its upload was collected loses its number to that
    entry, sees it in the state, waits until the removal is over and writes again. Neither waiting
    nor writing holds the commit lock.
    """

    def __init__(
        self,
        image_ids: Sequence[str],
        write: Callable[[], None],
        start: CatalogState,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Write the objects.

        Args:
            image_ids: pictures that they belong to.
            write: puts them into the storage; called again when they may have been collected.
            start: of the catalog, read before.
            sleep: for tests.
        """
        self._image_ids = image_ids
        self._write = write
        self._seen = start.sequence
        self._sleep = sleep
        write()

    def commit(self, log: CommitLog, decide: Decide) -> Commit:
        """Commit a change that refers to the objects; see `CommitLog.commit`."""

        def decide_while_kept(state: CatalogState) -> Changes:
            changes = decide(state)
            if state.collected.since(self._seen, self._image_ids):
                raise _MayBeCollected(state.sequence)
            return changes

        for _ in range(_MOST_WRITES):
            try:
                return log.commit(decide_while_kept)
            except _MayBeCollected as collected:
                self._sleep(COLLECTING_SECONDS + _MARGIN_SECONDS)
                self._write()
                self._seen = collected.sequence
        raise Conflict("the pictures of this change are removed again and again; try again later")
