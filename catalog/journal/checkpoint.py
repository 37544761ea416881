"""Snapshot objects: a catalog's state and embeddings in one piece, to open it quickly.

They are never needed: what is missing or damaged is read from the journal and the features.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.store import get_tensor, pack_tensors, unpack_tensors
from catalog.errors import CatalogError, StorageUnavailable
from catalog.journal.state import CatalogState, CollectedImages, Lifecycle
from catalog.records.calibration import Calibration, calibration_from, calibration_record
from catalog.records.codec import (
    Json,
    dumps,
    loads,
    mapping,
    number,
    part_ids_from,
    part_ids_record,
    product_from,
    product_record,
    sequence,
    text,
)
from catalog.records.feedback import Feedback, feedback_from, feedback_record
from catalog.records.product import Product
from catalog.search.vector_index import ImageReference
from catalog.storage.base import Storage

# A start reads at most this share of the journal entry by entry. A twentieth keeps all that is ever
# written within about twenty times the last one.
_FEWEST_ENTRIES: Final = 64
_SHARE: Final = 20
_KEPT: Final = 2
_FORMAT: Final = 3
# The second knew of no feedback and no calibrations, and so did whatever journal it was made of.
_READ: Final = (2, _FORMAT)


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
        self._folder = f"{catalog}/snapshots/"

    def newest(self, usable: Callable[[Checkpoint], bool]) -> Checkpoint | None:
        """The newest that can be read and is usable.

        Raises:
            StorageUnavailable: the storage refused.
        """
        for key in reversed(self._storage.list(self._folder)):
            try:
                checkpoint = _checkpoint(self._storage.get(key), key)
            except StorageUnavailable:
                raise
            except (CatalogError, ValueError):
                continue
            if usable(checkpoint):
                return checkpoint
        return None

    def due(self, sequence: int, last: int) -> bool:
        """Whether to write one at this entry when the last was written at another."""
        return sequence - last >= max(_FEWEST_ENTRIES, last // _SHARE)

    def write(self, checkpoint: Checkpoint) -> None:
        """Keep one and forget all but the newest.

        Raises:
            StorageUnavailable: the storage refused.
        """
        record = np.frombuffer(dumps(_record(checkpoint)), np.uint8)
        data = pack_tensors({"record": record, "vectors": checkpoint.vectors})
        self._storage.put(f"{self._folder}{checkpoint.state.sequence:012d}.safetensors", data)
        for key in self._storage.list(self._folder)[:-_KEPT]:
            self._storage.delete(key)


def _record(checkpoint: Checkpoint) -> Json:
    state = checkpoint.state
    return {
        "format": _FORMAT,
        "sequence": state.sequence,
        "write_id": checkpoint.write_id,
        "part_ids": part_ids_record(state.part_ids),
        "previous": part_ids_record(state.previous),
        "prepared": part_ids_record(state.prepared),
        "collected": dict(state.collected.last),
        "collected_forgotten": state.collected.forgotten,
        "products": [product_record(product) for product in state.products.values()],
        "removed": [product_record(product) for product in state.removed.values()],
        "feedback": [feedback_record(one) for one in state.feedback],
        "calibrations": [calibration_record(one) for one in state.calibrations.values()],
        "references": [[r.product_id, r.image_id] for r in checkpoint.references],
    }


def _checkpoint(data: bytes, where: str) -> Checkpoint:
    tensors = unpack_tensors(data, where)
    record = loads(get_tensor(tensors, "record", np.uint8).tobytes(), where)
    if number(record, "format") not in _READ:
        raise CatalogError(f"{where} was written by another version")
    state = CatalogState(
        number(record, "sequence"),
        Lifecycle.LIVE,
        part_ids_from(mapping(record.get("part_ids"))),
        _products(record, "products"),
        _products(record, "removed"),
        part_ids_from(mapping(record.get("previous"))),
        part_ids_from(mapping(record.get("prepared"))),
        _collected(record),
        _feedback(record),
        _calibrations(record),
    )
    references = tuple(_reference(pair) for pair in sequence(record, "references"))
    vectors = get_tensor(tensors, "vectors", np.float32)
    _check_complete(state, references, vectors)
    return Checkpoint(state, text(record, "write_id"), references, vectors)


def _products(record: Json, key: str) -> Mapping[str, Product]:
    products = [product_from(mapping(item)) for item in sequence(record, key)]
    return MappingProxyType({product.product_id: product for product in products})


def _collected(record: Json) -> CollectedImages:
    collected = mapping(record.get("collected"))
    last = {image_id: number(collected, image_id) for image_id in collected}
    return CollectedImages(MappingProxyType(last), number(record, "collected_forgotten"))


def _feedback(record: Json) -> tuple[Feedback, ...]:
    if "feedback" not in record:
        return ()
    return tuple(feedback_from(mapping(one)) for one in sequence(record, "feedback"))


def _calibrations(record: Json) -> Mapping[str, Calibration]:
    if "calibrations" not in record:
        return MappingProxyType({})
    known = [calibration_from(mapping(one)) for one in sequence(record, "calibrations")]
    return MappingProxyType({one.model_id: one for one in known})


def _reference(pair: object) -> ImageReference:
    match pair:
        case [str(product_id), str(image_id)]:
            return ImageReference(product_id, image_id)
        case _:
            raise ValueError("a reference should be a product and a picture")


def _check_complete(
    state: CatalogState, references: tuple[ImageReference, ...], vectors: NDArray[np.float32]
) -> None:
    owed = {(p.product_id, i.image_id) for p in state.products.values() for i in p.images}
    held = {(reference.product_id, reference.image_id) for reference in references}
    if owed != held or len(references) != len(vectors):
        raise ValueError("references and products differ")
