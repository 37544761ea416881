"""Follows one catalog's journal and commits to it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final
from uuid import uuid4

from catalog.errors import CatalogError, Conflict, MissingEntry, NewerFormat, StorageUnavailable
from catalog.journal.checkpoint import Checkpoint, CheckpointStore
from catalog.journal.entries import Entry, JournalChange
from catalog.journal.journal import Journal
from catalog.journal.state import CatalogState, Lifecycle, replay
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


@dataclass(frozen=True, slots=True)
class _Followed:
    """The journal as far as it can be read.

    Attributes:
        state: by every entry without a gap.
        write_id: of the last of them.
        newer: the reason for stopping, where that is an entry of a newer skulens.
        gap: the entry that is missing though later ones were written, in a sentence; None for none.
    """

    state: CatalogState
    write_id: str
    newer: NewerFormat | None
    gap: MissingEntry | None

    def check_life(self) -> None:
        """Refuse to take a catalog for absent or deleted when later entries were written.

        Raises:
            NewerFormat: a newer skulens wrote on.
            MissingEntry: the next entry is missing.
        """
        if self.state.life is not Lifecycle.LIVE:
            self.check_complete()

    def check_complete(self) -> None:
        """Refuse when later entries were written.

        Raises:
            NewerFormat: a newer skulens wrote on.
            MissingEntry: the next entry is missing.
        """
        for error in (self.newer, self.gap):
            if error is not None:
                raise error


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
        self._gap: MissingEntry | None = None
        self._is_looked_for = False  # whether anybody looked for a gap yet
        self._ahead = 0  # the newest entry that a checkpoint knows and the journal lacks
        self._last_written = 0

    @property
    def last_seen(self) -> CatalogState:
        """The state as it was read or written last; asks no storage and never waits."""
        return self._state

    @property
    def last_written(self) -> int:
        """Number of the last entry that was committed through here; 0 before the first."""
        return self._last_written

    @property
    def fault(self) -> str:
        """Why the state is not the newest and nothing can be written; empty for nothing."""
        return "" if self._gap is None else str(self._gap)

    def state(self) -> CatalogState:
        """Return the state now, by every entry that can be read and understood, without a gap.

        Raises:
            CatalogError: an entry is damaged.
            NewerFormat: by what is understood there is no catalog, and a newer skulens wrote on.
            MissingEntry: by what is whole there is no catalog, and later entries were written.
        """
        followed = self._follow()
        followed.check_life()
        return followed.state

    def check_writable(self) -> None:
        """Look whether the journal is whole, before anything is written that a change will need.

        Raises:
            NewerFormat: a newer skulens wrote to this catalog.
            MissingEntry: an entry is gone.
            CatalogError: the last entry is damaged.
            StorageUnavailable: the storage refused.
        """
        self._check_whole(self._follow())

    def entries(self) -> Iterator[Entry]:
        """Return the journal from its first entry; every call reads it anew.

        Raises:
            NewerFormat: a newer skulens wrote the next entry.
            CatalogError: the next entry is damaged.
            MissingEntry: the next entry is missing; the state is known by a checkpoint.
        """
        known, last = self._state.sequence, 0
        for entry in self._journal.after(0):
            last = entry.sequence
            yield entry
        if last < known:
            raise self._missing(last + 1, known)

    def commit(self, decide: Decide) -> Commit:
        """Write what `decide` makes of the newest state.

        After a lost race `decide` is called again, so that it checks its preconditions on what won.

        Args:
            decide: the changes, which come true together.

        Raises:
            NewerFormat: a newer skulens wrote to this catalog.
            MissingEntry: an entry of the journal is gone; nothing was written.
            Undetermined: whether it was written is unknown.
            StorageUnavailable: it was not written.
            Conflict: others were first, again and again.
        """
        write_id = uuid4().hex
        for _ in range(_MOST_RACES):
            with self._commit_lock:
                followed = self._follow()
                state = followed.state
                if followed.newer is not None:
                    raise followed.newer
                followed.check_life()
                changes = _as_tuple(decide(state))
                if not changes:
                    return Commit(state, written=False)
                self._check_whole(followed)
                entry = Entry(state.sequence + 1, write_id, utc_now(), changes)
                if self._journal.append(entry):
                    self._last_written = entry.sequence
                    with suppress(StorageUnavailable):
                        self._journal.note_head(entry.sequence)
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

    def _follow(self) -> _Followed:
        """Read further entries."""
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
            if newer is None and (not self._is_looked_for or self._gap is not None):
                self._gap = self._find_gap()
                self._is_looked_for = True
            return _Followed(self._state, self._write_id, newer, self._gap)

    def _find_gap(self) -> MissingEntry | None:
        """Look, by one listing, whether later entries were written than the last one read."""
        sequence = self._state.sequence
        listed = self._journal.last_number()
        last = max(listed, self._journal.head(), self._ahead)
        # One that was written since it was looked for is none.
        if last <= sequence or self._journal.read(sequence + 1) is not None:
            return None
        return self._missing(sequence + 1, last, is_end=listed <= sequence)

    def _missing(self, sequence: int, last: int, *, is_end: bool = False) -> MissingEntry:
        known = "it was written" if last <= sequence else f"{last} was written"
        sentence = (
            f"entry {sequence} of catalog {self._catalog} is missing, though {known}: restore "
            f"{self._journal.key(sequence)} from a backup; nothing is written until then"
        )
        if is_end:
            forgotten = f"{self._catalog}/snapshots and {self._journal.head_key}"
            sentence += f" (to give up what came after, remove {forgotten})"
        return MissingEntry(sentence)

    def _check_whole(self, followed: _Followed) -> None:
        """Refuse to write behind entries that are gone: it would mix two histories."""
        followed.check_complete()
        sequence = followed.state.sequence
        if sequence:
            self._check_last(sequence, followed.write_id)
        # What was written since and lost before it was read is known by the note, or by its
        # neighbour; others may have written the next one just now.
        later = self._journal.head()
        if later <= sequence and self._journal.read(sequence + 2) is not None:
            later = sequence + 2
        if later > sequence and self._journal.read(sequence + 1) is None:
            raise self._missing(sequence + 1, later)

    def _check_last(self, sequence: int, write_id: str) -> None:
        """Refuse to write behind an entry that is not there as it was read."""
        previous = self._journal.read(sequence)
        if previous is None:
            raise self._missing(sequence, sequence)
        if previous.write_id != write_id:
            raise MissingEntry(
                f"{self._journal.key(sequence)} is not the entry that was read before: the storage "
                "holds another history; start skulens anew to go on with that one"
            )

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
        if entry is None:
            self._ahead = max(self._ahead, checkpoint.state.sequence)
        return entry is not None and entry.write_id == checkpoint.write_id


def _as_tuple(changes: Changes) -> tuple[JournalChange, ...]:
    if changes is None:
        return ()
    return tuple(changes) if isinstance(changes, Sequence) else (changes,)


def utc_now() -> str:
    """Return the time now, ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
