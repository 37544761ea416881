"""What the last reconciliation saw; lies beside the catalog, so that any process may do the next.

Losing it costs a pass: what was an orphan is one for the first time again, and a readable copy that
is missing is written anew instead of being taken for a deletion.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.errors import CatalogError, NotFound, StorageUnavailable
from catalog.records.codec import Json, Malformed, dumps, loads, mapping, number, text
from catalog.storage.base import Storage

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class SeenCopy:
    """A product's readable copy: its revision and its tag in the listing."""

    revision: int
    tag: str


@dataclass(frozen=True, slots=True)
class SeenOrphan:
    """An object nobody refers to: since when (seconds since the epoch), and its tag."""

    since: float
    tag: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """What was seen.

    Attributes:
        copies: by product id.
        pictures: tags of pictures that were read and found whole, by image id.
        orphans: by key.
    """

    copies: Mapping[str, SeenCopy] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    orphans: Mapping[str, SeenOrphan] = field(default_factory=dict)


def load_last_run(storage: Storage, catalog: str) -> LastRun:
    """What the last reconciliation left; nothing when there was none or it is damaged.

    Raises:
        StorageUnavailable: the storage refused.
    """
    key = _key(catalog)
    try:
        return _memory(loads(storage.get(key), key))
    except StorageUnavailable:
        raise
    except (NotFound, CatalogError, ValueError):
        return LastRun()


def save_last_run(storage: Storage, catalog: str, memory: LastRun) -> None:
    """Keep it for the next reconciliation.

    Raises:
        StorageUnavailable: the storage refused.
    """
    storage.put(_key(catalog), dumps(_record(memory)))


def _key(catalog: str) -> str:
    return f"{catalog}/reconcile.json"


def _record(memory: LastRun) -> Json:
    return {
        "format": _FORMAT,
        "copies": {one: [copy.revision, copy.tag] for one, copy in memory.copies.items()},
        "pictures": dict(memory.pictures),
        "orphans": {key: [orphan.since, orphan.tag] for key, orphan in memory.orphans.items()},
    }


def _memory(record: Json) -> LastRun:
    if number(record, "format") != _FORMAT:
        return LastRun()
    pictures = mapping(record.get("pictures"))
    return LastRun(
        {one: _copy(pair) for one, pair in mapping(record.get("copies")).items()},
        {image_id: text(pictures, image_id) for image_id in pictures},
        {key: _orphan(pair) for key, pair in mapping(record.get("orphans")).items()},
    )


def _copy(pair: object) -> SeenCopy:
    match pair:
        case [int(revision), str(tag)]:
            return SeenCopy(revision, tag)
        case _:
            raise Malformed("a copy should be a revision and a tag")


def _orphan(pair: object) -> SeenOrphan:
    match pair:
        case [float(since), str(tag)]:
            return SeenOrphan(since, tag)
        case _:
            raise Malformed("an orphan should be a time and a tag")
