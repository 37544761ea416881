"""Products as readable files beside the journal; written after the commit, never read back here."""

import hashlib
import json

from catalog.product import Product
from catalog.record import dumps, product_record
from catalog.storage import Storage


class Projections:
    """The readable products of one catalog."""

    def __init__(self, storage: Storage, catalog: str) -> None:
        self._storage = storage
        self._folder = f"{catalog}/products"

    def write(self, sequence: int, product: Product) -> None:
        """Write a product as the entry of that number left it.

        Raises:
            StorageUnavailable: the storage refused.
        """
        record = product_record(product)
        readable = {
            "sequence": sequence,
            "hash": hashlib.sha256(dumps(record)).hexdigest(),
            "product": record,
        }
        data = json.dumps(readable, ensure_ascii=False, indent=2).encode() + b"\n"
        self._storage.put(self._key(product.product_id), data)

    def remove(self, product_id: str) -> None:
        """Remove a product's file.

        Raises:
            StorageUnavailable: the storage refused.
        """
        self._storage.delete(self._key(product_id))

    def _key(self, product_id: str) -> str:
        return f"{self._folder}/{product_id}.json"
