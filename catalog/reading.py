"""Reading one catalog: what the journal says now, said before, and as a snapshot to search in."""

import time
from threading import Lock
from typing import Final

from catalog.encoders import Encoders, Others
from catalog.encoding import Encoder
from catalog.enrolment import EnrolmentRules
from catalog.errors import (
    Behind,
    NotFound,
)
from catalog.feature_cache import FeatureCache
from catalog.feedback_book import FeedbackBook
from catalog.ingest import Ingest
from catalog.keeper import EncodingCache, IndexKeeper
from catalog.ledger import Ledger
from catalog.model_change import ModelChange
from catalog.parts import PartStore
from catalog.product import Product
from catalog.projection import Projections
from catalog.rules import check_id
from catalog.snapshot import Catalog, Sources
from catalog.state import NOTHING, CatalogState, Life, replay
from catalog.storage import Storage

WAIT_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05


class CatalogReader:
    """Reads one catalog; safe to share between threads. All methods block.

    Every method raises `StorageUnavailable` when the storage refuses, and `NotFound` when the
    catalog was deleted.
    """

    def __init__(
        self,
        name: str,
        storage: Storage,
        encoder: Encoder,
        rules: EnrolmentRules | None = None,
        shared: FeatureCache | None = None,
        others: Others | None = None,
    ) -> None:
        """Take what the catalog is made of.

        Args:
            name: of the catalog.
            storage: it lies in.
            encoder: of its pictures.
            rules: on faults of pictures; all are told and none is refused when left out.
            shared: features that the processes of this machine share; None for nothing.
            others: gives encoders that were made for a catalog; None for none.
        """
        self._name = name
        self._encoders = Encoders(name, encoder, others)
        parts = PartStore(storage, name)
        encodings = EncodingCache(parts, shared=shared)
        self._keeper = IndexKeeper(parts)
        self._ledger = Ledger(storage, name, self._keeper)
        self._projections = Projections(storage, name)
        self._sources = Sources(storage, self._keeper, encodings, self._encoders)
        self._ingest = Ingest(storage, name, self._encoders, encodings, rules or EnrolmentRules())
        self.model = ModelChange(name, storage, self._ledger, self._ingest, self._encoders)
        self.feedback = FeedbackBook(name, storage, self._ledger)
        self._lock = Lock()
        self._catalog: Catalog | None = None

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self._name

    @property
    def ledger(self) -> Ledger:
        """What commits to its journal."""
        return self._ledger

    @property
    def is_current(self) -> bool:
        """Whether this process has the networks that encoded the catalog; else `reencode`."""
        return self._encoders.find(self.state().part_ids) is not None

    def state(self) -> CatalogState:
        """What the journal says now."""
        return self._alive(self._ledger.state())

    def snapshot(self, *, min_version: int = 0, wait_seconds: float = WAIT_SECONDS) -> Catalog:
        """The catalog as the journal has it now; the same object while nothing changes.

        Args:
            min_version: an `index_version` that the caller knows of and wants to see.
            wait_seconds: how long to wait for it.

        Raises:
            Behind: it was not seen within the wait.
        """
        deadline = time.monotonic() + wait_seconds
        while (state := self.state()).sequence < min_version:
            if time.monotonic() >= deadline:
                raise Behind(
                    f"catalog {self._name} is at version {state.sequence}, not yet at "
                    f"{min_version}; try again"
                )
            time.sleep(_POLL_SECONDS)
        return self._snapshot_of(state)

    @property
    def written_version(self) -> int:
        """The `index_version` of the last change that this object made; 0 before the first."""
        return self._ledger.written

    def latest(self) -> Catalog:
        """The catalog as this process read or wrote it last; asks the storage for nothing.

        Raises:
            NotFound: it was never read, or is deleted.
        """
        return self._snapshot_of(self._alive(self._ledger.known))

    def _snapshot_of(self, state: CatalogState) -> Catalog:
        with self._lock:
            if self._catalog is None or self._catalog.index_version < state.sequence:
                self._catalog = Catalog(self._name, state, self._sources)
            if self._catalog.index_version == state.sequence:
                return self._catalog
            return Catalog(self._name, state, self._sources)

    def product(self, product_id: str) -> Product:
        """A live product.

        Raises:
            NotFound: there is none.
        """
        return self._live(self.state(), product_id)

    def at(self, index_version: int) -> Catalog:
        """The catalog as it was after some entry of its journal; reads the journal from the start.

        Raises:
            NotFound: there is no such version, or the catalog did not live then.
        """
        entries = self._ledger.entries()
        state = replay(NOTHING, (one for one in entries if one.sequence <= index_version))
        if state.sequence != index_version:
            raise NotFound(f"catalog {self._name} has no version {index_version}")
        return Catalog(self._name, self._alive(state), self._sources)

    def close(self) -> None:
        """Wait for what still runs in the background."""
        self._keeper.wait()

    def _alive(self, state: CatalogState) -> CatalogState:
        if state.life is not Life.LIVE:
            raise NotFound(f"there is no catalog {self._name}")
        return state

    def _live(self, state: CatalogState, product_id: str) -> Product:
        product = self._alive(state).products.get(product_id)
        if product is None:
            check_id(product_id, "product")
            raise self._missing(product_id)
        return product

    def _missing(self, product_id: str) -> NotFound:
        return NotFound(f"there is no product {product_id} in catalog {self._name}")
