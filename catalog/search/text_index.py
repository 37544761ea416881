"""Products by words: SQLite's FTS5 in memory, ranked by BM25.

The index holds no truth: it is made from a snapshot's products and follows it by differences.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from catalog.records.product import AttributeValue, Product
from catalog.search.printed_texts import NOTHING_PRINTED, PrintedSource
from catalog.search.spelling import Vocabulary, split_words

# How much a word counts in the id, name, description and attributes, and printed on the product.
_WEIGHTS: Final = "6.0, 10.0, 1.0, 4.0, 0.5"
_TABLE: Final = """
CREATE VIRTUAL TABLE product USING fts5(
    product_id, name, description, attributes, printed,
    tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
CREATE VIRTUAL TABLE term USING fts5vocab('product', 'col');
"""
# Only what the index itself holds: reading a row's text for every match would double the time.
_MATCHING: Final = f"SELECT bm25(product, {_WEIGHTS}), rowid FROM product WHERE product MATCH ?"
_WRITTEN: Final = "{product_id name description attributes}"  # by people
_TERMS: Final = "SELECT DISTINCT term FROM term"
_WRITTEN_TERMS: Final = f"{_TERMS} WHERE col <> 'printed'"
# Share of the least relevance of what people's words find that print alone reaches at most.
_PRINT_BELOW: Final = 0.99
# A single letter as a prefix matches half of all words.
_SHORTEST_PREFIX: Final = 2


@dataclass(frozen=True, slots=True)
class TextHits:
    """Products that a text finds.

    Attributes:
        relevances: BM25 over the fields of each product found, most relevant first; greater is
            better, comparable within one answer only; read-only.
        corrections: words that were read as others; read-only.
        complete: whether each product has all the words; False when none has them all and those
            with some are given instead.
    """

    relevances: Mapping[str, float] = field(default_factory=dict)
    corrections: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True


class TextIndex:
    """Follows the products of one catalog; safe to share between threads.

    About 0.1 milliseconds for each product that comes or changes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._opened: sqlite3.Connection | None = None
        self._products: Mapping[str, Product] = {}
        self._rows: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._vocabularies: dict[str, Vocabulary] = {}
        self._edition = ""
        self._with_print: set[str] = set()

    def search(
        self,
        text: str,
        products: Mapping[str, Product],
        printed: PrintedSource = NOTHING_PRINTED,
    ) -> TextHits:
        """Return all of these products that a text finds.

        What is printed on products is found, too, below what their names and attributes say.

        Every word must be found, as it is or as a prefix. A word that no product has is read as
        those that are spelt nearly so. When no product has all words, those with some are given.

        Args:
            text: any; a text without a word finds nothing.
            products: of a snapshot; the index is brought to it first.
            printed: tells what is printed on them.

        Raises:
            StorageUnavailable: what is printed cannot be read.
        """
        query_words = split_words(text)
        with self._lock:
            self._follow(products, printed)
            return self._search(query_words) if query_words and products else TextHits()

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None
            self._products, self._rows, self._ids = {}, {}, {}
            self._with_print = set()

    @property
    def _database(self) -> sqlite3.Connection:
        """Opened at the first search: most processes only match pictures."""
        if self._opened is None:
            self._opened = sqlite3.connect(":memory:", check_same_thread=False)
            self._opened.executescript(_TABLE)
        return self._opened

    def _search(self, query_words: Sequence[str]) -> TextHits:
        corrected = {word: self._corrections(word) for word in query_words if not self._has(word)}
        readable = [word for word in query_words if corrected.get(word) != ()]
        choices = [_choice(word, corrected.get(word, ())) for word in readable]
        read_as = {word: to[0] for word, to in corrected.items() if to}
        if len(readable) == len(query_words):
            found = self._matching(" AND ".join(choices))
            if found:
                return TextHits(found, read_as)
        if len(query_words) == 1 or not choices:
            return TextHits()
        return TextHits(self._matching(" OR ".join(choices)), read_as, complete=False)

    def _matching(self, expression: str) -> Mapping[str, float]:
        if not self._with_print:
            return self._found(expression)
        written = self._found(f"{_WRITTEN} : ({expression})")
        anywhere = self._found(expression)
        printed = {key: value for key, value in anywhere.items() if key not in written}
        return {**written, **_lowered(printed, min(written.values(), default=None))}

    def _found(self, expression: str) -> dict[str, float]:
        found = sorted(self._database.execute(_MATCHING, (expression,)))
        return {self._ids[row]: -cost for cost, row in found}

    def _has(self, word: str) -> bool:
        """Return whether a product has the word, or one that begins so."""
        if len(word) < _SHORTEST_PREFIX:
            query = "SELECT 1 FROM term WHERE term = ? LIMIT 1"
            return self._database.execute(query, (word,)).fetchone() is not None
        query = "SELECT 1 FROM term WHERE term >= ? AND term < ? LIMIT 1"
        return self._database.execute(query, (word, f"{word}\U0010ffff")).fetchone() is not None

    def _corrections(self, word: str) -> tuple[str, ...]:
        """Return the words that people wrote which are spelt nearly so; else those of print.

        A pack has many small words, and a reader makes some up: they would find too much.
        """
        written = self._vocabulary(_WRITTEN_TERMS).corrections(word)
        return written or self._vocabulary(_TERMS).corrections(word)

    def _vocabulary(self, query: str) -> Vocabulary:
        if query not in self._vocabularies:
            self._vocabularies[query] = Vocabulary(
                [term for (term,) in self._database.execute(query)]
            )
        return self._vocabularies[query]

    def _follow(self, products: Mapping[str, Product], printed: PrintedSource) -> None:
        is_same = printed.edition == self._edition
        if is_same and products is self._products:
            return
        kept = self._products if is_same else {}
        added = [product for key, product in products.items() if kept.get(key) is not product]
        removed = [
            key
            for key, product in self._products.items()
            if not is_same or products.get(key) is not product
        ]
        texts = printed.read(added)
        with self._database:
            self._remove(removed)
            self._insert(added, texts)
        self._products, self._edition = products, printed.edition
        if removed or added:
            self._vocabularies.clear()

    def _remove(self, product_ids: Iterable[str]) -> None:
        for product_id in product_ids:
            row = self._rows.pop(product_id)
            self._with_print.discard(product_id)
            del self._ids[row]
            self._database.execute("DELETE FROM product WHERE rowid = ?", (row,))

    def _insert(self, products: Iterable[Product], printed: Mapping[str, str]) -> None:
        for product in products:
            row = self._database.execute(
                "INSERT INTO product VALUES (?, ?, ?, ?, ?)",
                (
                    product.product_id,
                    product.name,
                    product.description,
                    " ".join(_as_text(value) for _, value in product.attributes),
                    printed.get(product.product_id, ""),
                ),
            ).lastrowid
            if row is not None:
                self._rows[product.product_id] = row
                self._ids[row] = product.product_id
        self._with_print.update(printed)


def _lowered(found: Mapping[str, float], below: float | None) -> dict[str, float]:
    """Return relevances in the same order, all below a bound if there is one."""
    most = max(found.values(), default=0.0)
    if below is None or most <= 0:
        return dict(found)
    return {key: _PRINT_BELOW * below * value / most for key, value in found.items()}


def _choice(word: str, corrections: Sequence[str]) -> str:
    """Return the expression for one word; quoted, so that nothing in it is an operator."""
    if corrections:
        return "(" + " OR ".join(f'"{term}"*' for term in corrections) + ")"
    return f'"{word}"*' if len(word) >= _SHORTEST_PREFIX else f'"{word}"'


def _as_text(value: AttributeValue) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return f"{value:g}" if isinstance(value, float) else value
