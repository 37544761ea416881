"""Catalogs of thousands of products in seconds: journal and snapshot object, no pictures."""

import hashlib
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from catalog.encodings.encoding import Encoder, Encoding
from catalog.journal.checkpoint import Checkpoint, CheckpointStore
from catalog.journal.entries import ProductWritten
from catalog.journal.journal import Journal
from catalog.journal.state import CatalogState
from catalog.records.kept import KeptChoice
from catalog.records.product import Product, ReferenceImage
from catalog.registry import Catalogs
from catalog.search.vector_index import ImageReference
from catalog.storage.base import Storage
from tests.catalog.support.fakes import DIMENSION, FakeEncoder

WIDTH = 256
AT = "2026-01-01T00:00:00.000+00:00"
_BATCH = 100


def widened(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """A fake embedding in as many dimensions as a real one has."""
    return np.concatenate([vector, np.zeros(WIDTH - DIMENSION, np.float32)])


class WideEncoder(FakeEncoder):
    """Embeddings in as many dimensions as real ones have."""

    @override
    def encode(
        self,
        image: NDArray[np.uint8],
        siblings: Sequence[Encoding],
        choice: KeptChoice | None = None,
    ) -> Encoding:
        narrow = super().encode(image, siblings, choice)
        return Encoding(narrow.crop, widened(narrow.embedding), narrow.local)


def product(number: int) -> Product:
    """A product as shops have them, with one picture."""
    image_id = hashlib.sha256(b"%d" % number).hexdigest()
    image = ReferenceImage(image_id, "jpg", 800, 600, f"front-{number}.jpg", AT)
    attributes = (("brand", f"brand {number % 97}"), ("price", number % 50 + 0.99))
    texts = (f"Product number {number}", "Eight words say what is in the package.")
    return Product(f"bulk-{number:05d}", *texts, attributes, (image,), 1, AT, AT)


def _always(changes: Sequence[ProductWritten], _: CatalogState) -> Sequence[ProductWritten]:
    return changes


def fill(
    storage: Storage,
    count: int,
    encoder: Encoder | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> None:
    """Make a catalog `shop` of `count` products and a snapshot object of all of them.

    Args:
        storage: an empty one.
        count: of products.
        encoder: whose networks count as the catalog's; a stand-in if None.
        vectors: (count, D) unit vectors, one per product; random ones if None.
    """
    store = Catalogs(storage, encoder or WideEncoder()).create("shop")
    products = [product(number) for number in range(count)]
    for first in range(0, count, _BATCH):
        batch = [ProductWritten(product) for product in products[first : first + _BATCH]]
        store.commit_log.commit(partial(_always, batch))
    state = store.state()
    last = Journal(storage, "shop").read(state.sequence)
    assert last is not None
    if vectors is None:
        random = np.random.default_rng(7).standard_normal((count, WIDTH)).astype(np.float32)
        vectors = random / np.linalg.norm(random, axis=1, keepdims=True)
    references = tuple(ImageReference(p.product_id, p.images[0].image_id) for p in products)
    CheckpointStore(storage, "shop").write(Checkpoint(state, last.write_id, references, vectors))
