"""Entries of a journal."""

from typing import Final

from catalog.encodings.encoding import PartIds
from catalog.journal.entries import (
    Entry,
    JournalChange,
)
from catalog.records.product import Product, ReferenceImage

PARTS: Final = PartIds("crop-1", "embedding-1", "local-1")


IMAGE: Final = ReferenceImage("a" * 64, "jpg", 40, 30, "vörderseite.jpg", "2024-01-01T00:00:00Z")


MILK: Final = Product(
    "oat-milk",
    "Hafermilch „Natur“ 🥛",
    "1 l",
    (("price", 1.99), ("brand", "Ö"), ("tags", ("vegan", "drink"))),
    (IMAGE,),
    3,
    "2024-01-01T00:00:00Z",
    "2024-01-02T00:00:00Z",
)


def entry(sequence: int, *changes: JournalChange, write_id: str = "me") -> Entry:
    return Entry(sequence, write_id, "2024-01-01T00:00:00Z", changes)
