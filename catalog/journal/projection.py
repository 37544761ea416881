"""Readable copies of products beside the journal, written after the commit.

They are read only to find out whether somebody edited them.
"""

import hashlib
import json
from dataclasses import dataclass

from catalog.errors import CatalogError
from catalog.records.codec import Malformed, as_object, dumps, from_record, loads, to_record
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


@dataclass(frozen=True, slots=True)
class _CopyRecord:
    sequence: int
    product: Product


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
        record = to_record(product)
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
        """Return what a listing says of the files, by product id.

        Raises:
            StorageUnavailable: the storage refused.
        """
        found = self._storage.details(f"{self._folder}/")
        names = ((stored.key.rpartition("/")[2], stored) for stored in found)
        return {name[: -len(".json")]: copy for name, copy in names if name.endswith(".json")}

    def read(self, product_id: str) -> ReadableCopy:
        """Read a product's file, whoever wrote it.

        Raises:
            NotFound: there is none.
            CatalogError: it is not what such a file should be.
            StorageUnavailable: the storage refused.
        """
        key = self._key(product_id)
        record = loads(self._storage.get(key), key)
        try:
            # Somebody who writes one by hand need not know all fields.
            blank = to_record(Product(product_id, product_id, revision=0))
            product = {**blank, **as_object(record.get("product"))}
            copy = from_record(_CopyRecord, {"sequence": 0, **record, "product": product})
            if copy.product.product_id != product_id:
                raise Malformed(f"it speaks of product {copy.product.product_id}")
        except ValueError as error:
            raise CatalogError(f"{key} cannot be understood ({error})") from error
        is_edited = record.get("hash") != _hash(copy.product)
        return ReadableCopy(copy.sequence, copy.product, is_edited)

    def _key(self, product_id: str) -> str:
        return f"{self._folder}/{product_id}.json"


def _hash(product: Product) -> str:
    return hashlib.sha256(dumps(to_record(product))).hexdigest()
