"""Objects that nothing refers to, collected in two passes with a grace between them."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from catalog.errors import NotFound
from catalog.ingest.upload import COLLECTING_SECONDS
from catalog.journal.commit_log import CommitLog, utc_now
from catalog.journal.entries import ImagesCollected
from catalog.journal.state import CatalogState
from catalog.reconcile.last_run import SeenOrphan
from catalog.records.feedback import kept_pictures
from catalog.records.validation import is_restorable
from catalog.storage.base import Storage, StoredObject

# An orphan is left alone for a day, in which any writer has committed what it uploaded.
GRACE_SECONDS: Final = 24 * 3600.0
# Removals at a time: a bucket answers each after milliseconds.
_DELETERS: Final = 8
# Pictures that are removed together; their objects are held in memory until the removal is over.
_AT_A_TIME: Final = 64
# Of pictures, features and feedback: hexadecimal digits of a hash.
_OUR_NAME: Final = re.compile("[0-9a-f]{16,64}")


@dataclass(frozen=True, slots=True)
class ReferencedObjects:
    """Objects that must stay.

    Attributes:
        image_ids: of live products and of removed ones that can be restored.
        encoding_ids: of the same pictures, as they are kept now.
        parts: names of the feature folders that are in use, such as `crop/ID`.
        feedback: pictures that feedback speaks about.
    """

    image_ids: frozenset[str]
    encoding_ids: frozenset[str]
    parts: frozenset[str]
    feedback: frozenset[str] = frozenset()

    @classmethod
    def by(cls, state: CatalogState, at: str) -> "ReferencedObjects":
        """Return what a catalog refers to at a time (ISO 8601, UTC)."""
        restorable = (p for p in state.removed.values() if is_restorable(p, at))
        products = (*state.products.values(), *restorable)
        kept = (state.part_ids, state.previous, state.prepared)
        return cls(
            frozenset(image.image_id for product in products for image in product.images),
            frozenset(image.encoding_id for product in products for image in product.images),
            frozenset(folder for part_ids in kept for folder in part_ids.folders),
            kept_pictures(state.feedback, at),
        )

    def covers(self, key: str) -> bool:
        """Return whether an object under `images/`, `features/` or `feedback/` is in use."""
        kind, *inner = key.split("/")[1:]
        if kind == "feedback":
            return image_id_of(key) in self.feedback
        if kind == "images":
            return image_id_of(key) in self.image_ids
        is_kept = inner[-1].removesuffix(".safetensors") in self.encoding_ids
        return is_kept and "/".join(inner[:-1]) in self.parts


class OrphanCollector:
    """Collects the orphans of one catalog.

    A removal is announced by a journal entry, and closed by another. Whoever commits a product
    afterwards has seen one of them since its upload, and uploads again what it names
    (`catalog.ingest.upload`). Whoever committed in between is seen when the removal is closed,
    and what it refers to is put back. So nothing that is referred to is lost, however long a writer
    or this process was stalled.
    """

    def __init__(
        self,
        storage: Storage,
        commit_log: CommitLog,
        *,
        grace_seconds: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._storage = storage
        self._commit_log = commit_log
        self._grace_seconds = grace_seconds
        self._clock = clock

    def seen(
        self,
        listed: Iterable[StoredObject],
        referenced: ReferencedObjects,
        before: Mapping[str, SeenOrphan],
    ) -> dict[StoredObject, SeenOrphan]:
        """Return all orphans with the time when each, as it is now, was first seen."""
        present = self._clock()
        orphans: dict[StoredObject, SeenOrphan] = {}
        for stored in listed:
            if referenced.covers(stored.key) or not is_ours(stored.key):
                continue
            earlier = before.get(stored.key)
            known = earlier is not None and earlier.tag == stored.tag
            orphans[stored] = earlier if earlier and known else SeenOrphan(present, stored.tag)
        return orphans

    def due(self, orphans: Mapping[StoredObject, SeenOrphan]) -> list[StoredObject]:
        """Return those that have been orphans, and untouched, for longer than the grace."""
        limit = self._clock() - self._grace_seconds
        return [
            stored
            for stored, orphan in orphans.items()
            if orphan.since <= limit and stored.modified <= limit
        ]

    def collect(self, due: Sequence[StoredObject]) -> list[StoredObject]:
        """Remove orphans; those that are referred to meanwhile, or were written again, stay.

        Returns:
            What was removed; the rest is left for the next pass.

        Raises:
            StorageUnavailable: the storage refused.
        """
        image_ids = sorted({image_id_of(stored.key) for stored in due})
        removed: list[StoredObject] = []
        for first in range(0, len(image_ids), _AT_A_TIME):
            chunk = frozenset(image_ids[first : first + _AT_A_TIME])
            removed += self._collect([o for o in due if image_id_of(o.key) in chunk])
        return removed

    def _collect(self, due: Sequence[StoredObject]) -> list[StoredObject]:
        at = utc_now()

        def announce(state: CatalogState) -> ImagesCollected | None:
            return _collected(_unreferenced(due, state, at))

        # The clock starts before the entry can be seen by anybody.
        deadline = time.monotonic() + COLLECTING_SECONDS
        commit = self._commit_log.commit(announce)
        if not commit.written:
            return []
        doomed = _unreferenced(due, commit.state, at)
        held: dict[StoredObject, bytes] = {}
        absent: list[StoredObject] = []

        def remove(stored: StoredObject) -> None:
            try:
                data = self._storage.get(stored.key)
                # For a single object some servers give whole seconds; a refresh is hours younger.
                untouched = self._storage.modified(stored.key) < stored.modified + 1
            except NotFound:
                absent.append(stored)
                return
            if untouched and time.monotonic() <= deadline:
                held[stored] = data
                self._storage.delete(stored.key)

        try:
            with ThreadPoolExecutor(_DELETERS, thread_name_prefix="orphans") as pool:
                list(pool.map(remove, doomed))
        finally:
            back = self._close(held)
        return [*absent, *(stored for stored in held if stored not in back)]

    def _close(self, held: Mapping[StoredObject, bytes]) -> set[StoredObject]:
        """Commit that a removal is over; put back, and return, what is referred to by now.

        An upload may have come between the look at an object and its removal.
        """
        at = utc_now()
        back: set[StoredObject] = set()

        def close(state: CatalogState) -> ImagesCollected | None:
            wanted_back = held.keys() - back - set(_unreferenced(held, state, at))
            return None if wanted_back else _collected(held)

        while held:
            commit = self._commit_log.commit(close)
            if commit.written:
                break
            for stored in held.keys() - back - set(_unreferenced(held, commit.state, at)):
                self._storage.put(stored.key, held[stored])
                back.add(stored)
        return back


def _unreferenced(
    objects: Iterable[StoredObject], state: CatalogState, at: str
) -> list[StoredObject]:
    referenced = ReferencedObjects.by(state, at)
    return [stored for stored in objects if not referenced.covers(stored.key)]


def _collected(objects: Iterable[StoredObject]) -> ImagesCollected | None:
    image_ids = sorted({image_id_of(stored.key) for stored in objects})
    return ImagesCollected(tuple(image_ids)) if image_ids else None


def is_ours(key: str) -> bool:
    """Return whether an object's name is one that skulens gives; no other is ever collected."""
    return _OUR_NAME.fullmatch(image_id_of(key)) is not None


def image_id_of(key: str) -> str:
    """Return the picture that an object under `images/`, `features/` or `feedback/` belongs to."""
    return key.rpartition("/")[2].partition(".")[0]
