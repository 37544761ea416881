"""Follows one catalog's journal and commits to it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final
from uuid import uuid4

from catalog.errors import CatalogError, Conflict, NewerFormat
from catalog.journal.checkpoint import Checkpoint, CheckpointStore
from catalog.journal.entries import Entry, JournalChange
from catalog.journal.journal import Journal
from catalog.journal.state import CatalogState, replay
from catalog.search.index_cache import IndexCache
from catalog.storage.base import Storage

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


Changes = JournalChange | Sequence[JournalChange] | None
Decide = Callable[[CatalogState], Changes]
"""Returns what a change makes of a state, or None for nothing; raises to refuse.

It is pure: it may be called several times, under a lock, so it neither waits nor touches the
storage. What a change needs in the storage is there before (`catalog.ingest.upload`).
"""


class CommitLog:
    """The state of one catalog, read once and then followed; safe to share between threads.

    Changes of one process are committed one after the other. Readers never wait for
    a commit: the newest state is held under a lock of its own.
    """

    def __init__(self, storage: Storage, catalog: str, index_cache: IndexCache) -> None:
        self._catalog = catalog
        self._index_cache = index_cache
        self._journal = Journal(storage, catalog)
        self._checkpoints = CheckpointStore(storage, catalog)
        self._checkpointed = 0
        self._commit_lock = Lock()
        self._lock = Lock()
        self._write_id = ""
        self._state = CatalogState(catalog)
        self._newer: NewerFormat | None = None
        self._last_written = 0

    @property
    def last_seen(self) -> CatalogState:
        """The state as it was read or written last; asks no storage and never waits."""
        return self._state

    @property
    def last_written(self) -> int:
        """Number of the last entry that was committed through here; 0 before the first."""
        return self._last_written

    def state(self) -> CatalogState:
        """Return the state now, by every entry that can be read and understood, without a gap.

        Raises:
            CatalogError: an entry is damaged.
            NewerFormat: the very first entry is of a newer skulens.
        """
        state, newer = self._follow()
        if newer is not None and not state.sequence:
            raise newer
        return state

    def entries(self) -> Iterator[Entry]:
        """Return the journal from its first entry; every call reads it anew.

        Raises:
            NewerFormat: a newer skulens wrote the next entry.
            CatalogError: the next entry is damaged.
        """
        return self._journal.after(0)

    def commit(self, decide: Decide) -> Commit:
        """Write what `decide` makes of the newest state.

        After a lost race `decide` is called again, so that it checks its preconditions on what won.

        Args:
            decide: the changes, which come true together.

        Raises:
            NewerFormat: a newer skulens wrote to this catalog.
            Undetermined: whether it was written is unknown.
            StorageUnavailable: it was not written.
            Conflict: others were first, again and again.
        """
        write_id = uuid4().hex
        for _ in range(_MOST_RACES):
            with self._commit_lock:
                state, newer = self._follow()
                if newer is not None:
                    raise newer
                changes = _as_tuple(decide(state))
                if not changes:
                    return Commit(state, written=False)
                entry = Entry(state.sequence + 1, write_id, utc_now(), changes)
                if self._journal.append(entry):
                    self._last_written = entry.sequence
                    return Commit(self._publish(replay(state, [entry]), write_id), written=True)
        raise Conflict(f"others change catalog {self._catalog} all the time; try again later")

    def checkpoint(self) -> None:
        """Write a checkpoint if it is time for one.

        Raises:
            CatalogError: it was not written, which does no harm.
        """
        with self._lock:
            state, write_id = self._state, self._write_id
            if not self._checkpoints.due(state.sequence, self._checkpointed):
                return
            self._checkpointed = state.sequence
        references, vectors = self._index_cache.index(state.part_ids, state.products).content()
        self._checkpoints.write(Checkpoint(state, write_id, tuple(references), vectors))

    def _follow(self) -> tuple[CatalogState, NewerFormat | None]:
        """Read further entries; return the state, and what stopped it if that is a newer format."""
        with self._lock:
            if not self._state.sequence:
                self._start()
            entries: list[Entry] = []
            newer: NewerFormat | None = None
            try:
                for entry in self._journal.after(self._state.sequence):
                    entries.append(entry)
            except NewerFormat as error:
                newer = error
            finally:  # what was read before a fault is good
                if entries:
                    self._state = replay(self._state, entries)
                    self._write_id = entries[-1].write_id
            return self._state, newer

    def _publish(self, state: CatalogState, write_id: str) -> CatalogState:
        """Publish the state after a commit, unless a reader has followed the journal that far."""
        with self._lock:
            if self._state.sequence < state.sequence:
                self._state, self._write_id = state, write_id
            return state

    def _start(self) -> None:
        checkpoint = self._checkpoints.newest(self._is_mine)
        if checkpoint is None:
            return
        self._state = checkpoint.state
        self._write_id = checkpoint.write_id
        self._checkpointed = checkpoint.state.sequence
        self._index_cache.start_with(
            self._state.part_ids, self._state.products, checkpoint.references, checkpoint.vectors
        )

    def _is_mine(self, checkpoint: Checkpoint) -> bool:
        """Return whether the journal holds its last entry; a journal from a backup may not."""
        try:
            entry = self._journal.read(checkpoint.state.sequence)
        except CatalogError:
            return False
        return entry is not None and entry.write_id == checkpoint.write_id


def _as_tuple(changes: Changes) -> tuple[JournalChange, ...]:
    if changes is None:
        return ()
    return tuple(changes) if isinstance(changes, Sequence) else (changes,)


def utc_now() -> str:
    """Return the time now, ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
