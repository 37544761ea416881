"""The `Storage` protocol: whole objects under keys, nothing half-written."""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from catalog.errors import Invalid

_SEGMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
# Files that people drop into `incoming/` keep the names that cameras and shops gave them.
_DROPPED_NAME: Final = re.compile(r"[^./\\\x00-\x1f\x7f][^/\\\x00-\x1f\x7f]{0,254}")
INCOMING: Final = "incoming"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a listing.

    Attributes:
        key: its key.
        modified: when it was last written, seconds since the epoch.
        size: bytes.
        tag: changes when the content does; two equal contents may have different ones.
    """

    key: str
    modified: float
    size: int
    tag: str


class Storage(Protocol):
    """Objects under keys such as `shop/journal/000000000001.json`.

    An object is seen whole or not at all, by every process, also after a crash. A key is one or
    more segments of letters, digits, dot, underscore and hyphen, joined by `/`; below a catalog's
    `incoming/` a segment may be any file name without a dot in front. Other keys raise
    `Invalid`. All methods may block, may be called from several threads, and raise
    `StorageUnavailable` when the storage refuses or cannot be reached.
    """

    def get(self, key: str) -> bytes:
        """Return the object.

        Raises:
            NotFound: there is no such object.
        """

    def put(self, key: str, data: bytes) -> None:
        """Write the object, replacing one that is there."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the object unless there is one; of several writers exactly one gets True.

        Raises:
            Undetermined: the storage did not say whether it wrote.
        """

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the keys under a folder, which is named with its `/` at the end, sorted."""

    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        """Return what a listing says of each object under a folder, sorted by key."""

    def folders(self) -> tuple[str, ...]:
        """Return the first segments of all keys, sorted."""

    def delete(self, key: str) -> None:
        """Remove the object; an object that does not exist is no error."""

    def modified(self, key: str) -> float:
        """Return when the object was last written, seconds since the epoch.

        Raises:
            NotFound: there is no such object.
        """


def check_key(key: str) -> str:
    """Return the key itself.

    Raises:
        Invalid: it is no key; above all, it would lead out of the storage.
    """
    segments = key.split("/")
    depth = 2 if segments[1:2] == [INCOMING] else len(segments)
    fits = all(_SEGMENT.fullmatch(segment) for segment in segments[:depth])
    if not fits or not all(_DROPPED_NAME.fullmatch(segment) for segment in segments[depth:]):
        raise Invalid(f"{key!r} is not a storage key; use letters, digits, '.', '_', '-' and '/'")
    return key
