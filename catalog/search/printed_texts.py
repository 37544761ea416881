"""The words printed on products, read from their encodings once per picture."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock, Thread
from typing import Final

from catalog.encodings.encoding import PartIds
from catalog.encodings.store import EncodingStore
from catalog.errors import CatalogError, StorageUnavailable
from catalog.records.product import Product

# A bucket answers after milliseconds, so several pictures are asked for at once.
_READERS: Final = 16
# Fewer are read faster than threads are started.
_FEWEST_PARALLEL: Final = 8
# Pictures that a search waits for; more are read in the background, and found when they are there.
_WAITED_FOR: Final = 2_000
# Confidence of a word from which it is searched for.
_LEGIBLE: Final = 0.7

_logger: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PrintedSource:
    """Tells what is printed on products.

    Attributes:
        edition: changes whenever it may tell something else of the same products.
        read: returns texts by product id, as far as they are known.
    """

    edition: str
    read: Callable[[Sequence[Product]], Mapping[str, str]]


NOTHING_PRINTED: Final = PrintedSource("", lambda _: {})


class PrintedTextCache:
    """Texts of one catalog's pictures; safe to share between threads."""

    def __init__(self, store: EncodingStore, *, waited_for: int = _WAITED_FOR) -> None:
        """Name where encodings are read.

        Args:
            store: of the catalog's encodings.
            waited_for: pictures at most that a call reads before it answers.
        """
        self._store = store
        self._waited_for = waited_for
        self._lock = Lock()
        self._words = ""
        self._read: dict[str, str] = {}
        self._rounds = 0
        self._reading: Thread | None = None

    def source(self, part_ids: PartIds) -> PrintedSource:
        """Return what tells the texts that a reader of these ids read."""
        if not part_ids.words:
            return NOTHING_PRINTED
        return PrintedSource(f"{part_ids.words}/{self._rounds}", partial(self.texts, part_ids))

    def texts(self, part_ids: PartIds, products: Sequence[Product]) -> Mapping[str, str]:
        """Return what is printed on each product, as far as it was read.

        Pictures whose words are missing or damaged count as having none.

        Raises:
            StorageUnavailable: the storage refused.
        """
        with self._lock:
            if part_ids.words != self._words:
                self._words, self._read = part_ids.words, {}
            unread = [
                image.encoding_id
                for product in products
                for image in product.images
                if image.encoding_id not in self._read
            ]
            if len(unread) <= self._waited_for:
                self._read |= self._read_all(part_ids, unread)
            elif self._reading is None:
                self._reading = Thread(
                    target=self._read_later, args=(part_ids, unread), name="words", daemon=True
                )
                self._reading.start()
            found = ((product.product_id, self._text_of(product)) for product in products)
            return {product_id: text for product_id, text in found if text}

    def wait(self) -> None:
        """Wait until nothing is read in the background."""
        reading = self._reading
        if reading is not None:
            reading.join()

    def _text_of(self, product: Product) -> str:
        texts = (self._read.get(image.encoding_id, "") for image in product.images)
        return " ".join(filter(None, texts))

    def _read_later(self, part_ids: PartIds, encoding_ids: Sequence[str]) -> None:
        read: Mapping[str, str] = {}
        try:
            read = self._read_all(part_ids, encoding_ids)
        except CatalogError:
            _logger.exception("cannot read the words of catalog %s", self._store.catalog)
        with self._lock:
            if part_ids.words == self._words:
                self._read |= read
                self._rounds += 1
            self._reading = None

    def _read_all(self, part_ids: PartIds, encoding_ids: Sequence[str]) -> dict[str, str]:
        def read(encoding_id: str) -> str:
            return _legible(self._store, part_ids, encoding_id)

        if len(encoding_ids) < _FEWEST_PARALLEL:
            return {encoding_id: read(encoding_id) for encoding_id in encoding_ids}
        with ThreadPoolExecutor(_READERS, thread_name_prefix="words") as pool:
            return dict(zip(encoding_ids, pool.map(read, encoding_ids), strict=True))


def _legible(store: EncodingStore, part_ids: PartIds, encoding_id: str) -> str:
    try:
        words = store.words(part_ids, encoding_id)
    except StorageUnavailable:
        raise
    except CatalogError:
        return ""
    return " ".join(word.text for word in words if word.confidence >= _LEGIBLE)
