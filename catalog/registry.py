"""All catalogs of one storage."""

from typing import Final

from catalog.encodings.encoders import FindEncoder
from catalog.encodings.encoding import Encoder
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.encodings.store import EncodingStore
from catalog.errors import AlreadyExists, CatalogError, NotFound, StorageUnavailable
from catalog.ingest.quality import QualityRules
from catalog.journal.commit_log import CommitLog
from catalog.journal.entries import CatalogCleared, CatalogDeleted, JournalChange, PartsActivated
from catalog.journal.journal import Journal
from catalog.journal.state import CatalogState, Lifecycle
from catalog.reconcile.orphans import GRACE_SECONDS
from catalog.reconcile.reconciler import Reconciler
from catalog.records.product import is_valid_id
from catalog.records.validation import check_id
from catalog.search.index_cache import IndexCache
from catalog.search.keypoints.base_file import KeypointFiles
from catalog.storage.base import Storage
from catalog.store import CatalogStore

# What a deleted catalog loses; its journal stays, so that its name never counts from 1 again.
_DELETED_FOLDERS: Final = (
    "products",
    "incoming",
    "snapshots",
    "features",
    "images",
    "feedback",
    "models",
)


class Catalogs:
    """Makes, finds and deletes catalogs. All methods block and raise `StorageUnavailable`."""

    def __init__(
        self,
        storage: Storage,
        encoder: Encoder,
        rules: QualityRules | None = None,
        shared: SharedEncodingCache | None = None,
        others: FindEncoder | None = None,
        keypoint_files: KeypointFiles | None = None,
    ) -> None:
        """Name what all of them share.

        Args:
            storage: of the catalogs.
            encoder: of their pictures.
            rules: on issues of pictures; all are reported and none is refused when left out.
            shared: encodings that the processes of this machine share; None for none.
            others: returns encoders that were made for a catalog; None for none.
            keypoint_files: indices of keypoints that the processes of this machine share; None
                for none.
        """
        self._storage = storage
        self._encoder = encoder
        self._rules = rules
        self._shared = shared
        self._others = others
        self._keypoint_files = keypoint_files

    def names(self) -> tuple[str, ...]:
        """Return the names of the catalogs that there are, sorted."""
        return tuple(name for name in self._storage.folders() if self._is_live(name))

    def create(self, name: str) -> CatalogStore:
        """Make an empty catalog.

        Raises:
            Invalid: the name breaks the pattern of ids.
            AlreadyExists: there is one of that name.
        """
        check_id(name, "catalog")
        part_ids = self._encoder.part_ids
        part_ids.check()

        def create(state: CatalogState) -> JournalChange:
            if state.life is Lifecycle.LIVE:
                raise AlreadyExists(f"there is a catalog {name} already")
            return PartsActivated(part_ids)

        log = self._commit_log(name)
        self._clear(name, log)
        log.commit(create)
        return self._store(name)

    def open(self, name: str) -> CatalogStore:
        """Open a catalog that there is.

        Raises:
            NotFound: there is none of that name.
            Invalid: the name breaks the pattern of ids.
        """
        check_id(name, "catalog")
        store = self._store(name)
        store.state()
        return store

    def reconciler(self, name: str, *, grace_seconds: float = GRACE_SECONDS) -> Reconciler:
        """Return what brings a catalog and its storage together.

        Args:
            name: of the catalog.
            grace_seconds: how long an orphaned object is left alone.

        Raises:
            NotFound: there is none of that name.
            Invalid: the name breaks the pattern of ids.
        """
        return Reconciler(self.open(name), self._storage, grace_seconds=grace_seconds)

    def delete(self, name: str) -> None:
        """Delete a catalog with all its products and pictures, for ever; its journal stays.

        It disappears at once for everybody. When removing its objects is interrupted, deleting it
        again, or creating one of that name, goes on where that stopped.

        Raises:
            NotFound: there is none of that name.
            Invalid: the name breaks the pattern of ids.
        """
        check_id(name, "catalog")
        log = self._commit_log(name)

        def delete(state: CatalogState) -> JournalChange | None:
            if state.life is Lifecycle.ABSENT:
                raise NotFound(f"there is no catalog {name}")
            return CatalogDeleted() if state.life is Lifecycle.LIVE else None

        log.commit(delete)
        self._clear(name, log)

    def _store(self, name: str) -> CatalogStore:
        return CatalogStore(
            name,
            self._storage,
            self._encoder,
            self._rules,
            self._shared,
            self._others,
            self._keypoint_files,
        )

    def _clear(self, name: str, log: CommitLog) -> None:
        """Remove what a deleted catalog left, unless that is done."""

        def clear(state: CatalogState) -> JournalChange | None:
            return CatalogCleared() if state.life is Lifecycle.DELETING else None

        for folder in _DELETED_FOLDERS:
            for key in self._storage.list(f"{name}/{folder}/"):
                # Another process may have finished this, and the name may be in use again.
                if log.state().life is not Lifecycle.DELETING:
                    return
                self._storage.delete(key)
        log.commit(clear)

    def _is_live(self, name: str) -> bool:
        if not is_valid_id(name):
            return False
        journal = Journal(self._storage, name)
        try:
            last = journal.last()
        except StorageUnavailable:
            raise
        except CatalogError:
            return True  # damaged: opening it says so, and it stays in sight
        if last is not None and not isinstance(last.changes[-1], CatalogDeleted | CatalogCleared):
            return True
        # Its end may be gone: opening it says so, and it stays in sight.
        return journal.head() > (last.sequence if last else 0)

    def _commit_log(self, name: str) -> CommitLog:
        return CommitLog(self._storage, name, IndexCache(EncodingStore(self._storage, name)))
