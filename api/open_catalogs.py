"""The catalogs in use: each opened once, followed by one thread, and forgotten when deleted."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from threading import Lock

from catalog.errors import CatalogError, Conflict, NotFound
from catalog.follower import Follower, FollowerHealth
from catalog.reconcile.orphans import GRACE_SECONDS
from catalog.reconcile.reconciler import Reconciler
from catalog.registry import Catalogs
from catalog.search.vector_index import IndexHealth
from catalog.snapshot import Catalog
from catalog.store import CatalogStore
from matcher.errors import MatcherError


class CatalogRegistry:
    """Opens, follows and deletes the catalogs of one storage; thread-safe.

    Everybody gets the same store of a catalog, so that readers see at once what this process
    wrote, and its newest snapshot comes from one `Follower`. Methods block and raise what
    `catalog.registry.Catalogs` raises. Close it at the end.
    """

    def __init__(self, catalogs: Catalogs) -> None:
        """Open nothing yet.

        Args:
            catalogs: of the storage.
        """
        self._catalogs = catalogs
        self._lock = Lock()
        self._open: dict[str, _OpenCatalog] = {}

    def names(self) -> tuple[str, ...]:
        """Return the names of all catalogs in the storage, sorted."""
        return self._catalogs.names()

    def create(self, name: str) -> CatalogStore:
        """Make an empty catalog.

        Raises:
            Invalid: the name breaks the pattern of ids.
            AlreadyExists: there is one of that name.
        """
        self._catalogs.create(name)
        return self.store(name)

    def delete(self, name: str) -> None:
        """Delete a catalog for good; whoever follows it gets `NotFound` from now on.

        Raises:
            NotFound: there is none of that name.
        """
        self._catalogs.delete(name)
        self._forget(name)

    def reconciler(self, name: str, *, grace_seconds: float = GRACE_SECONDS) -> Reconciler:
        """Return what compares a catalog with its storage; see `Catalogs.reconciler`."""
        return self._catalogs.reconciler(name, grace_seconds=grace_seconds)

    def store(self, name: str) -> CatalogStore:
        """Return a catalog to be read and changed.

        Raises:
            NotFound: there is none of that name.
        """
        return self._opened(name).store

    def snapshot(self, name: str, min_version: int = 0) -> Catalog:
        """Return the newest snapshot of a catalog.

        Args:
            name: of the catalog.
            min_version: an `index_version` that the snapshot must have reached.

        Raises:
            NotFound: there is none of that name.
            Conflict: that version was never written.
            VersionNotReached: it was written, and did not arrive within seconds.
        """
        opened = self._opened(name)
        if min_version:
            _check_written(opened.store, min_version)
        try:
            follower = opened.follow()
        except (Conflict, MatcherError):
            # Other networks encoded it: it can be looked at and mended, not matched with.
            return opened.store.snapshot(min_version=min_version)
        try:
            return follower.catalog(min_version=min_version)
        except NotFound:
            self._forget(name)
            raise

    def follow(self, name: str) -> Callable[[], Catalog]:
        """Return a function that gives the newest snapshot at any time, without waiting.

        The function raises `NotFound` once the catalog is deleted.

        Raises:
            NotFound: there is none of that name.
            Conflict: other networks encoded it.
        """
        opened = self._opened(name)
        follower = opened.follow()

        def newest() -> Catalog:
            opened.check()
            return follower.catalog()

        try:
            newest()
        except NotFound:  # another process deleted it
            self._forget(name)
            raise
        return newest

    def health(self) -> dict[str, FollowerHealth]:
        """Return how fresh each followed catalog is, by name."""
        return {name: follower.health for name, follower in self._followers()}

    def index_health(self) -> dict[str, IndexHealth]:
        """Return how the vector index of each followed catalog stands, where there is one yet."""
        healths: dict[str, IndexHealth] = {}
        for name, follower in self._followers():
            with suppress(CatalogError):  # deleted a moment ago
                if (health := follower.catalog().index_health) is not None:
                    healths[name] = health
        return healths

    def close(self) -> None:
        """End every follower."""
        with self._lock:
            opened = tuple(self._open.values())
            self._open.clear()
        for catalog in opened:
            catalog.close()

    def _opened(self, name: str) -> "_OpenCatalog":
        with self._lock:
            known = self._open.get(name)
        if known is not None:
            return known
        opened = _OpenCatalog(self._catalogs.open(name))
        with self._lock:
            return self._open.setdefault(name, opened)

    def _forget(self, name: str) -> None:
        with self._lock:
            opened = self._open.pop(name, None)
        if opened is not None:
            opened.is_deleted = True
            opened.close()

    def _followers(self) -> Iterator[tuple[str, Follower]]:
        with self._lock:
            opened = dict(self._open)
        for name, catalog in opened.items():
            if catalog.follower is not None:
                yield name, catalog.follower


class _OpenCatalog:
    """One catalog, whose follower starts with its first reader."""

    def __init__(self, store: CatalogStore) -> None:
        self.store = store
        self.follower: Follower | None = None
        self.is_deleted = False
        self._lock = Lock()
        self._stack = ExitStack()

    def follow(self) -> Follower:
        with self._lock:
            if self.follower is None:
                self.follower = self._stack.enter_context(Follower(self.store))
            return self.follower

    def check(self) -> None:
        if self.is_deleted:
            raise NotFound(f"there is no catalog {self.store.name}")

    def close(self) -> None:
        with self._lock:
            self._stack.close()
        self.store.close()


def _check_written(store: CatalogStore, min_version: int) -> None:
    """Refuse to wait for a version that the storage, which knows best, has not heard of."""
    if min_version <= store.written_version:
        return
    last = store.state().sequence
    if last < min_version:
        raise Conflict(f"catalog {store.name} is at version {last}; there is no {min_version} yet")
