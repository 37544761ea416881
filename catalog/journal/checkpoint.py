"""Snapshot objects: a catalog's state and embeddings in one piece, to open it quickly.

They are never needed: what is missing or damaged is read from the journal and the features.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import PartIds
from catalog.encodings.store import get_tensor, pack_tensors, unpack_tensors
from catalog.errors import CatalogError, StorageUnavailable
from catalog.journal.state import CatalogState, CollectedImages, Lifecycle
from catalog.records.calibration import Calibration
from catalog.records.codec import dumps, from_record, loads, to_record
from catalog.records.feedback import Feedback
from catalog.records.product import Product
from catalog.search.vector_index import ImageReference
from catalog.storage.base import Storage

# A start reads at most this share of the journal entry by entry. A twentieth keeps all that is ever
# written within about twenty times the last one.
_FEWEST_ENTRIES: Final = 64
_SHARE: Final = 20
# The newest ones that stay: the one before the last serves whoever is reading it.
_KEPT: Final = 2
_FORMAT: Final = 3  # that is written
# The second knew of no feedback and no calibrations, and so did whatever journal it was made of.
_CHOICES: Final = 4  # that is written where people chose what is kept of a picture
_READ: Final = (2, _FORMAT, _CHOICES)


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A state and what its index is made of.

    Attributes:
        state: of a live catalog.
        write_id: of the last entry in it.
        references: N of them.
        vectors: (N, D) float32.
    """

    state: CatalogState
    write_id: str
    references: tuple[ImageReference, ...]
    vectors: NDArray[np.float32]


class CheckpointStore:
    """The snapshot objects of one catalog."""

    def __init__(self, storage: Storage, catalog: str) -> None:
        self._storage = storage
        self._catalog = catalog
        self._folder = f"{catalog}/snapshots/"

    def newest(self, usable: Callable[[Checkpoint], bool]) -> Checkpoint | None:
        """Return the newest that can be read and is usable.

        Raises:
            StorageUnavailable: the storage refused.
        """
        for key in reversed(self._storage.list(self._folder)):
            try:
                checkpoint = _unpack(self._storage.get(key), key, self._catalog)
            except StorageUnavailable:
                raise
            except (CatalogError, ValueError):
                continue
            if usable(checkpoint):
                return checkpoint
        return None

    def due(self, sequence: int, last: int) -> bool:
        """Return whether to write one at this entry when the last was written at another."""
        return sequence - last >= max(_FEWEST_ENTRIES, last // _SHARE)

    def write(self, checkpoint: Checkpoint) -> None:
        """Write one and delete all but the newest.

        Raises:
            StorageUnavailable: the storage refused.
        """
        key = f"{self._folder}{checkpoint.state.sequence:012d}.safetensors"
        self._storage.put(key, _pack(checkpoint))
        for key in self._storage.list(self._folder)[:-_KEPT]:
            self._storage.delete(key)


@dataclass(frozen=True, slots=True)
class _Record:
    """The JSON of a checkpoint; the names are the keys on disk."""

    format: int
    sequence: int
    write_id: str
    part_ids: PartIds
    previous: PartIds
    prepared: PartIds
    collected: Mapping[str, int]
    collected_forgotten: int
    products: tuple[Product, ...]
    removed: tuple[Product, ...]
    feedback: tuple[Feedback, ...]
    calibrations: tuple[Calibration, ...]
    references: tuple[tuple[str, ...], ...]


def _pack(checkpoint: Checkpoint) -> bytes:
    state = checkpoint.state
    record = _Record(
        format=_format_of(state),
        sequence=state.sequence,
        write_id=checkpoint.write_id,
        part_ids=state.part_ids,
        previous=state.previous,
        prepared=state.prepared,
        collected=state.collected.last,
        collected_forgotten=state.collected.forgotten,
        products=tuple(state.products.values()),
        removed=tuple(state.removed.values()),
        feedback=state.feedback,
        calibrations=tuple(state.calibrations.values()),
        references=tuple((r.product_id, r.image_id) for r in checkpoint.references),
    )
    text = np.frombuffer(dumps(to_record(record)), np.uint8)
    return pack_tensors({"record": text, "vectors": checkpoint.vectors})


def _unpack(data: bytes, where: str, catalog: str) -> Checkpoint:
    tensors = unpack_tensors(data, where)
    text = loads(get_tensor(tensors, "record", np.uint8).tobytes(), where)
    record = from_record(_Record, {"feedback": [], "calibrations": [], **text})
    if record.format not in _READ:
        raise CatalogError(f"{where} was written by another version")
    state = CatalogState(
        catalog,
        record.sequence,
        Lifecycle.LIVE,
        record.part_ids,
        _by_id(record.products),
        _by_id(record.removed),
        record.previous,
        record.prepared,
        CollectedImages(record.collected, record.collected_forgotten),
        record.feedback,
        MappingProxyType({made.model_id: made for made in record.calibrations}),
    )
    references = tuple(
        ImageReference(product_id, image_id) for product_id, image_id in record.references
    )
    vectors = get_tensor(tensors, "vectors", np.float32)
    _check_complete(state, references, vectors)
    return Checkpoint(state, record.write_id, references, vectors)


def _format_of(state: CatalogState) -> int:
    """Return the first format that has what the products say; see `catalog.journal.entries`."""
    products = (*state.products.values(), *state.removed.values())
    plain = all(image.is_plain for product in products for image in product.images)
    return _FORMAT if plain else _CHOICES


def _by_id(products: Iterable[Product]) -> Mapping[str, Product]:
    return MappingProxyType({product.product_id: product for product in products})


def _check_complete(
    state: CatalogState, references: tuple[ImageReference, ...], vectors: NDArray[np.float32]
) -> None:
    owed = {(p.product_id, i.encoding_id) for p in state.products.values() for i in p.images}
    held = {(reference.product_id, reference.image_id) for reference in references}
    if owed != held or len(references) != len(vectors):
        raise ValueError("references and products differ")
