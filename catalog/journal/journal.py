"""The journal: numbered entries, each of which is one commit.

Entry n is written with "only if there is none", so of several writers one wins; an entry that is
there never changes and is never deleted. The catalog is what entries 1 to n, without a gap, say.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from catalog.errors import (
    CatalogError,
    Invalid,
    NewerFormat,
    NotFound,
    StorageUnavailable,
    Undetermined,
)
from catalog.journal.entries import Entry, decode_entry, encode_entry
from catalog.records.codec import dumps, loads
from catalog.storage.base import Storage

# Of one entry: thousands of times a common one, and still read in one go.
MOST_BYTES: Final = 1 << 20
# How long, and how often, an entry is offered again whose fate the storage does not tell.
_PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.2
# Entries that a reader who is far behind requests at once.
_MOST_AHEAD: Final = 16


class Journal:
    """The entries of one catalog in a storage."""

    def __init__(
        self,
        storage: Storage,
        catalog: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._storage = storage
        self._catalog = catalog
        self._clock = clock
        self._sleep = sleep

    def after(self, sequence: int) -> Iterator[Entry]:
        """Yield the entries that follow, in order, until one is missing.

        A reader who is far behind gets several at once; entries after a missing one are never seen.

        Raises:
            NewerFormat: a newer skulens wrote the next entry.
            CatalogError: the next entry is damaged.
        """
        width = 1
        while True:
            entries = self._read_several(range(sequence + 1, sequence + 1 + width))
            for entry in entries:
                if entry is None:
                    return
                yield entry
            sequence += width
            width = min(2 * width, _MOST_AHEAD)

    def append(self, entry: Entry) -> bool:
        """Commit an entry; return whether it won its number.

        After an answer that settles nothing, the same entry is offered again until its number is
        taken, by it or by another; only then is its fate known.

        Raises:
            Invalid: the entry is over a megabyte.
            Undetermined: the storage would not say, until patience ran out.
            StorageUnavailable: it refused; nothing was written.
        """
        data = dumps(encode_entry(entry))
        if len(data) > MOST_BYTES:
            raise Invalid(
                f"a change of {len(data):,} bytes is too large for one step; "
                f"shorten texts or use fewer pictures (at most {MOST_BYTES:,} bytes)"
            )
        deadline = self._clock() + _PATIENCE_SECONDS
        unsure = False
        while True:
            try:
                return self._offer(entry, data)
            except StorageUnavailable as error:
                unsure = unsure or isinstance(error, Undetermined)
                if not unsure:
                    raise
                if self._clock() >= deadline:
                    raise Undetermined(
                        f"{error}; whether the change of catalog {self._catalog} was made is "
                        "unknown: look at it before you try again"
                    ) from error
            self._sleep(_PAUSE_SECONDS)

    def _offer(self, entry: Entry, data: bytes) -> bool:
        if self._storage.put_if_absent(self.key(entry.sequence), data):
            return True
        # It may be ours all the same: something on the way may have sent it twice.
        try:
            winner = self.read(entry.sequence)
        except StorageUnavailable as error:
            raise Undetermined(str(error)) from error
        return winner is not None and winner.write_id == entry.write_id

    def last(self) -> Entry | None:
        """Return the newest entry; None for a catalog that never was.

        Raises:
            CatalogError: it is damaged.
        """
        number = self.last_number()
        return self.read(number) if number else None

    def last_number(self) -> int:
        """Return the number of the newest entry by one listing; 0 for a catalog that never was.

        What else lies there is passed over: sync programs and editors leave their own.
        """
        keys = self._storage.list(f"{self._catalog}/journal/")
        numbers = (self._sequence_of(key) for key in reversed(keys))
        return next((number for number in numbers if number), 0)

    def note_head(self, sequence: int) -> None:
        """Note, beside the journal, up to where it was written, so that a lost end is noticed.

        Of two writers the one that is behind may write last: the note says "at least so far".

        Raises:
            StorageUnavailable: the storage refused, which does no harm.
        """
        self._storage.put(self.head_key, str(sequence).encode())

    def head(self) -> int:
        """Return up to where the journal was written, at least; 0 where nobody noted it.

        Raises:
            StorageUnavailable: the storage refused.
        """
        try:
            text = self._storage.get(self.head_key)
        except NotFound:
            return 0
        return int(text) if text.isdigit() else 0

    @property
    def head_key(self) -> str:
        """The key of that note."""
        return f"{self._catalog}/head"

    def key(self, sequence: int) -> str:
        """Return the key of an entry."""
        return f"{self._catalog}/journal/{sequence:012d}.json"

    def read(self, sequence: int) -> Entry | None:
        """Return one entry; None when it was not written yet.

        Raises:
            NewerFormat: a newer skulens wrote it.
            CatalogError: it is damaged.
        """
        key = self.key(sequence)
        try:
            data = self._storage.get(key)
        except NotFound:
            return None
        record = loads(data, key)
        try:
            entry = decode_entry(record)
        except NewerFormat as error:
            raise NewerFormat(f"{key} {error}") from error
        except ValueError as error:
            raise CatalogError(f"{key} is damaged ({error}); restore it from a backup") from error
        if entry.sequence != sequence:
            raise CatalogError(f"{key} holds entry {entry.sequence}; restore it from a backup")
        return entry

    def _sequence_of(self, key: str) -> int:
        """Return the number of the entry with a key; 0 where that is no key of an entry."""
        name = key.rpartition("/")[2].removesuffix(".json")
        sequence = int(name) if name.isdecimal() else 0
        return sequence if key == self.key(sequence) else 0

    def _read_several(self, sequences: range) -> Iterator[Entry | None]:
        if len(sequences) == 1:
            yield self.read(sequences[0])
            return
        with ThreadPoolExecutor(len(sequences), thread_name_prefix="journal") as pool:
            yield from pool.map(self.read, sequences)
