"""The memory of the last reconciliation, beside the catalog, so that any process may do the next.

Losing it costs a pass: what was an orphan is one for the first time again, and a readable copy that
is missing is written anew instead of being taken for a deletion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from catalog.errors import CatalogError, NotFound, StorageUnavailable
from catalog.records.codec import dumps, from_record, loads, to_record
from catalog.storage.base import Storage

_FORMAT: Final = 1  # of the file; another one counts as none


class SeenCopy(NamedTuple):
    """A product's readable copy: its revision and its tag in the listing."""

    revision: int
    tag: str


class SeenOrphan(NamedTuple):
    """An object nobody refers to: since when (seconds since the epoch), and its tag."""

    since: float
    tag: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last reconciliation; the names of its fields are the keys of its JSON.

    Attributes:
        copies: by product id.
        pictures: tags of pictures that were read and found whole, by image id.
        orphans: by key.
        looked: pictures whose background was looked for, by encoding id: the other products that
            showed parts of them then.
    """

    copies: Mapping[str, SeenCopy] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    orphans: Mapping[str, SeenOrphan] = field(default_factory=dict)
    looked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_last_run(storage: Storage, catalog: str) -> LastRun:
    """Read what the last reconciliation left; nothing when there was none or it is damaged.

    Raises:
        StorageUnavailable: the storage refused.
    """
    key = _key(catalog)
    try:
        record = loads(storage.get(key), key)
        # Earlier versions did not look for background.
        known = record.get("format") == _FORMAT
        return from_record(LastRun, {"looked": {}, **record}) if known else LastRun()
    except StorageUnavailable:
        raise
    except (NotFound, CatalogError, ValueError):
        return LastRun()


def save_last_run(storage: Storage, catalog: str, run: LastRun) -> None:
    """Keep it for the next reconciliation.

    Raises:
        StorageUnavailable: the storage refused.
    """
    record = {key: value for key, value in to_record(run).items() if value or key != "looked"}
    storage.put(_key(catalog), dumps({"format": _FORMAT, **record}))


def _key(catalog: str) -> str:
    return f"{catalog}/reconcile.json"
