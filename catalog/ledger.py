"""Follows one catalog's journal and commits to it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import RLock
from typing import Final
from uuid import uuid4

from catalog.checkpoint import Checkpoint, Checkpoints
from catalog.errors import CatalogError, Conflict
from catalog.journal import Entry, Journal, JournalChange
from catalog.keeper import IndexKeeper
from catalog.state import NOTHING, CatalogState, replay
from catalog.storage import Storage

# Each lost race means that somebody else's change was made; so many in a row is a fault.
_MOST_RACES: Final = 100


@dataclass(frozen=True, slots=True)
class Commit:
    """The outcome of a change.

    Attributes:
        state: after it.
        written: whether an entry was written; False when there was nothing to change.
    """

    state: CatalogState
    written: bool


Decide = Callable[[CatalogState], JournalChange | None]


class Ledger:
    """What the journal says, read once and then followed; safe to share between threads."""

    def __init__(self, storage: Storage, catalog: str, keeper: IndexKeeper) -> None:
        self._catalog = catalog
        self._keeper = keeper
        self._journal = Journal(storage, catalog)
        self._checkpoints = Checkpoints(storage, catalog)
        self._checkpointed = 0
        self._lock = RLock()
        self._write_id = ""
        self._state = NOTHING

    def state(self) -> CatalogState:
        """The state now, by every entry that can be read without a gap.

        Raises:
            CatalogError: an entry is damaged.
        """
        with self._lock:
            if self._state is NOTHING:
                self._start()
            entries = list(self._journal.after(self._state.sequence))
            if entries:
                self._state = replay(self._state, entries)
                self._write_id = entries[-1].write_id
            return self._state

    def commit(self, decide: Decide) -> Commit:
        """Write what `decide` makes of the newest state.

        After a lost race it is asked again, so that it checks its preconditions on what won.

        Args:
            decide: the change, or None when there is nothing to do; raises to refuse.

        Raises:
            Undetermined: whether it was written is unknown.
            StorageUnavailable: it was not written.
            Conflict: others were first, again and again.
        """
        write_id = uuid4().hex
        for _ in range(_MOST_RACES):
            with self._lock:
                state = self.state()
                change = decide(state)
                if change is None:
                    return Commit(state, written=False)
                entry = Entry(state.sequence + 1, write_id, now(), (change,))
                if self._journal.append(entry):
                    self._state = replay(state, [entry])
                    self._write_id = write_id
                    return Commit(self._state, written=True)
        raise Conflict(f"others change catalog {self._catalog} all the time; try again later")

    def checkpoint(self) -> None:
        """Write a snapshot object if it is time for one.

        Raises:
            CatalogError: it was not written, which does no harm.
        """
        with self._lock:
            state, write_id = self._state, self._write_id
            if not self._checkpoints.due(state.sequence, self._checkpointed):
                return
            self._checkpointed = state.sequence
        references, vectors = self._keeper.index(state.part_ids, state.products).content()
        self._checkpoints.write(Checkpoint(state, write_id, tuple(references), vectors))

    def _start(self) -> None:
        checkpoint = self._checkpoints.newest(self._is_mine)
        if checkpoint is None:
            return
        self._state = checkpoint.state
        self._write_id = checkpoint.write_id
        self._checkpointed = checkpoint.state.sequence
        self._keeper.start_with(
            self._state.part_ids, self._state.products, checkpoint.references, checkpoint.vectors
        )

    def _is_mine(self, checkpoint: Checkpoint) -> bool:
        """Whether the journal holds its last entry; a journal from a backup may not."""
        try:
            entry = self._journal.read(checkpoint.state.sequence)
        except CatalogError:
            return False
        return entry is not None and entry.write_id == checkpoint.write_id


def now() -> str:
    """ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
