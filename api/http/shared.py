"""One storage's catalogs, each opened once, so that whoever reads sees what anybody wrote."""

from threading import Lock

from typing_extensions import override

from catalog.reconcile.orphans import GRACE_SECONDS
from catalog.reconcile.reconciler import Reconciler
from catalog.registry import Catalogs
from catalog.store import CatalogStore


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
