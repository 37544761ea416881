"""Every catalog that is asked for, followed once for all who ask."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from threading import Lock

from typing_extensions import override

from catalog.errors import CatalogError, Conflict, NotFound
from catalog.follower import Follower, FollowerHealth
from catalog.reconcile.orphans import GRACE_SECONDS
from catalog.reconcile.reconciler import Reconciler
from catalog.registry import Catalogs
from catalog.search.vector_index import IndexHealth
from catalog.snapshot import Catalog
from catalog.store import CatalogStore
from matcher.errors import MatcherError


class _Room:
    """One catalog; its follower starts with the first reader."""

    def __init__(self, store: CatalogStore) -> None:
        self.store = store
        self.follower: Follower | None = None
        self.lock = Lock()


class CatalogRegistry:
    """Opens and follows catalogs; thread-safe. Methods block and raise what the catalogs raise."""

    def __init__(self, catalogs: Catalogs) -> None:
        self._catalogs = catalogs
        self._lock = Lock()
        self._rooms: dict[str, _Room] = {}

    @property
    def catalogs(self) -> Catalogs:
        """All catalogs of the storage."""
        return self._catalogs

    def store(self, name: str) -> CatalogStore:
        """A catalog to be changed; always the same object, so that readers see what it wrote."""
        return self._room(name).store

    def catalog(self, name: str, min_version: int = 0) -> Catalog:
        """The newest snapshot.

        Raises:
            NotFound: there is no such catalog.
            Conflict: the version asked for was never written.
            Behind: it was, and was not seen in time.
        """
        room = self._room(name)
        if min_version:
            _check_written(room.store, min_version)
        try:
            follower = self._following(room)
        except (Conflict, MatcherError):
            # It cannot be matched with, only be looked at and mended.
            return room.store.snapshot(min_version=min_version)
        try:
            return follower.catalog(min_version=min_version)
        except NotFound:
            self.forget(name)
            raise

    def follow(self, name: str) -> Callable[[], Catalog]:
        """What gives the newest snapshot at any time, at once.

        Raises:
            NotFound: there is no such catalog.
            Conflict: other networks encoded it.
        """
        return self._following(self._room(name)).catalog

    def health(self) -> dict[str, FollowerHealth]:
        """How fresh each followed catalog is."""
        with self._lock:
            rooms = dict(self._rooms)
        return {name: one.follower.health for name, one in rooms.items() if one.follower}

    def indexes(self) -> dict[str, IndexHealth]:
        """How the index of each followed catalog stands, where it was needed already."""
        with self._lock:
            rooms = dict(self._rooms)
        found: dict[str, IndexHealth] = {}
        for name, one in rooms.items():
            with suppress(CatalogError):  # deleted a moment ago
                known = one.follower.catalog().index_health if one.follower else None
                if known is not None:
                    found[name] = known
        return found

    def forget(self, name: str) -> None:
        """A catalog was deleted."""
        with self._lock:
            room = self._rooms.pop(name, None)
        if room is not None:
            _end(room)

    def close(self) -> None:
        """Follow nothing any more."""
        for name in list(self._rooms):
            self.forget(name)

    def _room(self, name: str) -> _Room:
        with self._lock:
            room = self._rooms.get(name)
        if room is not None:
            return room
        opened = _Room(self._catalogs.open(name))
        with self._lock:
            return self._rooms.setdefault(name, opened)

    def _following(self, room: _Room) -> Follower:
        with room.lock:
            if room.follower is None:
                room.follower = Follower(room.store).__enter__()
            return room.follower


def _check_written(store: CatalogStore, min_version: int) -> None:
    """Refuse to wait for a version that the storage, which knows best, has not heard of."""
    if min_version <= store.written_version:
        return
    last = store.state().sequence
    if last < min_version:
        raise Conflict(f"catalog {store.name} is at version {last}; there is no {min_version} yet")


def _end(room: _Room) -> None:
    with room.lock:
        follower, room.follower = room.follower, None
    if follower is not None:
        with suppress(RuntimeError):
            follower.__exit__(None, None, None)
    room.store.close()


class SharedCatalogs(Catalogs):
    """In front of other catalogs; thread-safe."""

    def __init__(self, inner: Catalogs) -> None:
        """Share what is opened."""
        self._inner = inner
        self._lock = Lock()
        self._stores: dict[str, CatalogStore] = {}

    @override
    def names(self) -> tuple[str, ...]:
        return self._inner.names()

    @override
    def create(self, name: str) -> CatalogStore:
        self._inner.create(name)
        return self.open(name)

    @override
    def open(self, name: str) -> CatalogStore:
        with self._lock:
            known = self._stores.get(name)
        if known is not None:
            known.state()
            return known
        opened = self._inner.open(name)
        with self._lock:
            return self._stores.setdefault(name, opened)

    @override
    def reconciler(self, name: str, *, grace_seconds: float = GRACE_SECONDS) -> Reconciler:
        return self._inner.reconciler(name, grace_seconds=grace_seconds)

    @override
    def delete(self, name: str) -> None:
        self._inner.delete(name)
        with self._lock:
            self._stores.pop(name, None)


class FollowedCatalogs:
    """Follows each catalog from its first use on; thread-safe."""

    def __init__(self, catalogs: Catalogs) -> None:
        self._catalogs = catalogs
        self._lock = Lock()
        self._followers: dict[str, Follower] = {}
        self._stack = ExitStack()

    def __call__(self, name: str) -> Callable[[], Catalog]:
        """What gives the newest snapshot of a catalog at any time, without waiting.

        Raises:
            CatalogError: there is none of that name, or it cannot be read.
        """
        with self._lock:
            follower = self._followers.get(name)
            if follower is None:
                follower = self._stack.enter_context(Follower(self._catalogs.open(name)))
                self._followers[name] = follower
            return follower.catalog

    def close(self) -> None:
        """Follow no more."""
        with self._lock:
            self._followers.clear()
            self._stack.close()
