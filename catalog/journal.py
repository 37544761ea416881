"""The journal: numbered entries, each of which is one commit.

Entry n is written with "only if there is none", so of several writers one wins; an entry that is
there never changes. The catalog is what entries 1 to n, without a gap, say.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from catalog.encoding import PartIds
from catalog.errors import CatalogError, Invalid, NotFound, Undetermined
from catalog.product import Product
from catalog.record import (
    Json,
    dumps,
    loads,
    mapping,
    number,
    part_ids_from,
    part_ids_record,
    product_from,
    product_record,
    sequence,
    text,
)
from catalog.storage import Storage

FORMAT: Final = 1
MOST_CHANGES: Final = 256
MOST_BYTES: Final = 1 << 20
_PATIENCE_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class PartsActivated:
    """From here on, the catalog's features are those with these ids; also makes the catalog."""

    part_ids: PartIds


@dataclass(frozen=True, slots=True)
class ProductWritten:
    """The product's full new record; a new, changed or restored product."""

    product: Product


@dataclass(frozen=True, slots=True)
class ProductRemoved:
    """The product is gone; its full last record, so that it can be restored."""

    product: Product


@dataclass(frozen=True, slots=True)
class CatalogDeleted:
    """The catalog is gone; its objects are being removed."""


@dataclass(frozen=True, slots=True)
class CatalogCleared:
    """The deleted catalog's objects are removed; its name is free again."""


JournalChange = PartsActivated | ProductWritten | ProductRemoved | CatalogDeleted | CatalogCleared


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit.

    Attributes:
        sequence: from 1, without gaps.
        write_id: chosen by the writer; tells its own entry from another's.
        at: ISO 8601, UTC.
        changes: applied together.
    """

    sequence: int
    write_id: str
    at: str
    changes: tuple[JournalChange, ...]

    def __post_init__(self) -> None:
        """Check the bound.

        Raises:
            Invalid: too many changes for one entry.
        """
        if len(self.changes) > MOST_CHANGES:
            raise Invalid(
                f"{len(self.changes)} changes are too many for one step; "
                f"make at most {MOST_CHANGES} at a time"
            )


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
        """The entries that follow, in order, until one is missing.

        Raises:
            CatalogError: an entry is damaged.
        """
        while (entry := self.read(sequence + 1)) is not None:
            yield entry
            sequence = entry.sequence

    def append(self, entry: Entry) -> bool:
        """Commit; whether the entry won its number.

        Raises:
            Invalid: the entry is over a megabyte.
            Undetermined: the storage would not say, until patience ran out.
            StorageUnavailable: it refused; nothing was written.
        """
        data = dumps(_entry_record(entry))
        if len(data) > MOST_BYTES:
            raise Invalid(
                f"a change of {len(data):,} bytes is too large for one step; "
                f"shorten texts or use fewer pictures (at most {MOST_BYTES:,} bytes)"
            )
        if self._claim(entry.sequence, data):
            return True
        winner = self.read(entry.sequence)
        return winner is not None and winner.write_id == entry.write_id

    def last(self) -> Entry | None:
        """The newest entry; None for a catalog that never was.

        Raises:
            CatalogError: it is damaged.
        """
        keys = self._storage.list(f"{self._catalog}/journal/")
        return self.read(_sequence_of(keys[-1])) if keys else None

    def _claim(self, sequence: int, data: bytes) -> bool:
        """Put until the number is taken, by us or by another; only then is anything known."""
        deadline = self._clock() + _PATIENCE_SECONDS
        while True:
            try:
                return self._storage.put_if_absent(self._key(sequence), data)
            except Undetermined as error:
                if self._clock() >= deadline:
                    raise Undetermined(
                        f"{error}; whether the change of catalog {self._catalog} was made is "
                        "unknown: look at it before you try again"
                    ) from error
                self._sleep(_PAUSE_SECONDS)

    def read(self, sequence: int) -> Entry | None:
        """One entry; None when it was not written yet.

        Raises:
            CatalogError: it is damaged.
        """
        key = self._key(sequence)
        try:
            data = self._storage.get(key)
        except NotFound:
            return None
        record = loads(data, key)
        if record.get("format") != FORMAT:
            raise CatalogError(f"{key} was written by a newer skulens; update this one")
        try:
            entry = _entry_from(record)
        except ValueError as error:
            raise CatalogError(f"{key} is damaged ({error}); restore it from a backup") from error
        if entry.sequence != sequence:
            raise CatalogError(f"{key} holds entry {entry.sequence}; restore it from a backup")
        return entry

    def _key(self, sequence: int) -> str:
        return f"{self._catalog}/journal/{sequence:012d}.json"


def _sequence_of(key: str) -> int:
    name = key.rpartition("/")[2].removesuffix(".json")
    if not name.isdecimal():
        raise CatalogError(f"{key} does not belong into a journal; move it away")
    return int(name)


def _entry_record(entry: Entry) -> Json:
    return {
        "format": FORMAT,
        "sequence": entry.sequence,
        "write_id": entry.write_id,
        "at": entry.at,
        "changes": [_change_record(change) for change in entry.changes],
    }


def _entry_from(record: Json) -> Entry:
    return Entry(
        sequence=number(record, "sequence"),
        write_id=text(record, "write_id"),
        at=text(record, "at"),
        changes=tuple(_change_from(mapping(change)) for change in sequence(record, "changes")),
    )


def _change_record(change: JournalChange) -> Json:
    match change:
        case PartsActivated(part_ids):
            return {"change": "parts_activated", "part_ids": part_ids_record(part_ids)}
        case ProductWritten(product):
            return {"change": "product_written", "product": product_record(product)}
        case ProductRemoved(product):
            return {"change": "product_removed", "product": product_record(product)}
        case CatalogDeleted():
            return {"change": "catalog_deleted"}
        case CatalogCleared():
            return {"change": "catalog_cleared"}


def _change_from(record: Json) -> JournalChange:
    match record.get("change"):
        case "parts_activated":
            return PartsActivated(part_ids_from(mapping(record.get("part_ids"))))
        case "product_written":
            return ProductWritten(product_from(mapping(record.get("product"))))
        case "product_removed":
            return ProductRemoved(product_from(mapping(record.get("product"))))
        case "catalog_deleted":
            return CatalogDeleted()
        case "catalog_cleared":
            return CatalogCleared()
        case other:
            raise ValueError(f"unknown change {other!r}")
