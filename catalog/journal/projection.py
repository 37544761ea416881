"""Products as readable files beside the journal, written after the commit.

They are read only to find out whether somebody edited them.
"""

import hashlib
import json
from dataclasses import dataclass

from catalog.errors import CatalogError
from catalog.records.codec import (
    Json,
    Malformed,
    dumps,
    loads,
    mapping,
    number,
    product_from,
    product_record,
)
from catalog.records.product import Product
from catalog.storage.base import Storage, StoredObject


@dataclass(frozen=True, slots=True)
class ReadableCopy:
    """A readable file as it is.

    Attributes:
        sequence: number of the entry that it was written after.
        product: what it says.
        is_edited: whether somebody other than skulens wrote it last.
    """

    sequence: int
    product: Product
    is_edited: bool


class ReadableCopies:
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
        readable = {"sequence": sequence, "hash": _hash(product), "product": record}
        data = json.dumps(readable, ensure_ascii=False, indent=2).encode() + b"\n"
        self._storage.put(self._key(product.product_id), data)

    def remove(self, product_id: str) -> None:
        """Remove a product's file.

        Raises:
            StorageUnavailable: the storage refused.
        """
        self._storage.delete(self._key(product_id))

    def listed(self) -> dict[str, StoredObject]:
        """What is there, by product id.

        Raises:
            StorageUnavailable: the storage refused.
        """
        found = self._storage.details(f"{self._folder}/")
        names = ((stored.key.rpartition("/")[2], stored) for stored in found)
        return {name[: -len(".json")]: one for name, one in names if name.endswith(".json")}

    def read(self, product_id: str) -> ReadableCopy:
        """A product's file, whoever wrote it.

        Raises:
            NotFound: there is none.
            CatalogError: it is not what such a file should be.
            StorageUnavailable: the storage refused.
        """
        key = self._key(product_id)
        record = loads(self._storage.get(key), key)
        try:
            # Somebody who writes one by hand need not know all fields.
            product = product_from({**_blank(product_id), **mapping(record.get("product"))})
            if product.product_id != product_id:
                raise Malformed(f"it speaks of product {product.product_id}")
            is_edited = record.get("hash") != _hash(product)
            return ReadableCopy(number({"sequence": 0, **record}, "sequence"), product, is_edited)
        except ValueError as error:
            raise CatalogError(f"{key} cannot be understood ({error})") from error

    def _key(self, product_id: str) -> str:
        return f"{self._folder}/{product_id}.json"


def _blank(product_id: str) -> Json:
    return product_record(Product(product_id, product_id, revision=0))


def _hash(product: Product) -> str:
    return hashlib.sha256(dumps(product_record(product))).hexdigest()
