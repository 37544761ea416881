"""Objects that nothing refers to, collected in two passes with a grace between them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from catalog.encodings.store import part_folders
from catalog.errors import NotFound
from catalog.ingest.upload import COLLECTING_SECONDS
from catalog.journal.commit_log import CommitLog, utc_now
from catalog.journal.entries import ImagesCollected
from catalog.journal.state import CatalogState
from catalog.reconcile.last_run import SeenOrphan
from catalog.records.feedback import kept_pictures
from catalog.records.validation import is_restorable
from catalog.storage.base import Storage, StoredObject

GRACE_SECONDS: Final = 24 * 3600.0
_DELETERS: Final = 8
# Pictures that are removed together; their objects are held until nobody can want them back.
_AT_A_TIME: Final = 64


@dataclass(frozen=True, slots=True)
class ReferencedObjects:
    """What must stay.

    Attributes:
        image_ids: of live products and of removed ones that can be restored.
        parts: names of the feature folders that are in use, such as `crop/ID`.
        feedback: pictures that feedback speaks about.
    """

    image_ids: frozenset[str]
    parts: frozenset[str]
    feedback: frozenset[str] = frozenset()

    @classmethod
    def by(cls, state: CatalogState, at: str) -> "ReferencedObjects":
        """By a catalog at a time (ISO 8601, UTC)."""
        restorable = (p for p in state.removed.values() if is_restorable(p, at))
        products = (*state.products.values(), *restorable)
        kept = (state.part_ids, state.previous, state.prepared)
        return cls(
            frozenset(image.image_id for product in products for image in product.images),
            frozenset(folder for part_ids in kept for folder in part_folders(part_ids)),
            kept_pictures(state.feedback, at),
        )

    def covers(self, key: str) -> bool:
        """Whether an object under `images/`, `features/` or `feedback/` is in use."""
        kind, *inner = key.split("/")[1:]
        if kind == "feedback":
            return image_id_of(key) in self.feedback
        if image_id_of(key) not in self.image_ids:
            return False
        return kind == "images" or "/".join(inner[:-1]) in self.parts


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
        """All orphans with since when they are known; anew for one that was written since."""
        present = self._clock()
        orphans: dict[StoredObject, SeenOrphan] = {}
        for stored in listed:
            if referenced.covers(stored.key):
                continue
            earlier = before.get(stored.key)
            known = earlier is not None and earlier.tag == stored.tag
            orphans[stored] = earlier if earlier and known else SeenOrphan(present, stored.tag)
        return orphans

    def due(self, orphans: Mapping[StoredObject, SeenOrphan]) -> list[StoredObject]:
        """Those that have been orphans, and untouched, for longer than the grace."""
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
            removed += self._collect([one for one in due if image_id_of(one.key) in chunk])
        return removed

    def _collect(self, due: Sequence[StoredObject]) -> list[StoredObject]:
        doomed: list[StoredObject] = []

        def announced(state: CatalogState) -> ImagesCollected | None:
            referenced = ReferencedObjects.by(state, utc_now())
            doomed[:] = [stored for stored in due if not referenced.covers(stored.key)]
            image_ids = sorted({image_id_of(stored.key) for stored in doomed})
            return ImagesCollected(tuple(image_ids)) if image_ids else None

        # The clock starts before the entry can be seen by anybody.
        deadline = time.monotonic() + COLLECTING_SECONDS
        if not self._commit_log.commit(announced).written:
            return []
        held: dict[StoredObject, bytes] = {}
        gone: list[StoredObject] = []

        def remove(stored: StoredObject) -> None:
            try:
                data = self._storage.get(stored.key)
                # Asked for alone, some servers give whole seconds; a refresh is hours younger.
                untouched = self._storage.modified(stored.key) < stored.modified + 1
            except NotFound:
                gone.append(stored)
                return
            if untouched and time.monotonic() <= deadline:
                held[stored] = data
                self._storage.delete(stored.key)

        try:
            with ThreadPoolExecutor(_DELETERS, thread_name_prefix="orphans") as pool:
                list(pool.map(remove, doomed))
        finally:
            back = self._closed(held)
        return [*gone, *(stored for stored in held if stored not in back)]

    def _closed(self, held: Mapping[StoredObject, bytes]) -> frozenset[StoredObject]:
        """Say that a removal is over; what is referred to by now is put back, and returned.

        An upload may have come between the look at an object and its removal.
        """
        back: set[StoredObject] = set()

        def closed(state: CatalogState) -> ImagesCollected | None:
            referenced = ReferencedObjects.by(state, utc_now())
            for stored, data in held.items():
                if stored not in back and referenced.covers(stored.key):
                    self._storage.put(stored.key, data)
                    back.add(stored)
            image_ids = sorted({image_id_of(stored.key) for stored in held})
            return ImagesCollected(tuple(image_ids)) if image_ids else None

        self._commit_log.commit(closed)
        return frozenset(back)


def image_id_of(key: str) -> str:
    """The picture that an object under `images/`, `features/` or `feedback/` belongs to."""
    return key.rpartition("/")[2].partition(".")[0]
