"""Cost and hits of a search by words, beside reading every product's text.

Products are invented: words of syllables, some common and most rare, as in a real shop. A query is
made from one product, spelt right or not, and should bring that product among the first ten.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter, process_time
from typing import Final

import numpy as np

from bench.progress import Progress, silent
from bench.table import Figures, Table
from catalog.records.product import Product
from catalog.search.search import SearchQuery, run_search
from catalog.search.spelling import fold_text, split_words
from catalog.search.text_index import TextIndex

PAGE: Final = 10
_VOCABULARY: Final = 8_000
_ONSETS: Final = ("b", "br", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t")
_NUCLEI: Final = ("a", "e", "i", "o", "u", "ai", "ou")
_CODAS: Final = ("", "", "n", "r", "l", "s", "m", "ck")


@dataclass(frozen=True, slots=True)
class TextSearchOptions:
    """Size of the measurement.

    Attributes:
        products: in the catalog.
        queries: of each kind.
        seed: of all random numbers.
    """

    products: int = 10_000
    queries: int = 100
    seed: int = 0


@dataclass(frozen=True, slots=True)
class KindFigures:
    """One method on one kind of query.

    Attributes:
        method: by name.
        kind: of query.
        found: share of queries whose product is on the first page.
        p50_ms: of a query, by the clock.
        p95_ms: 95th percentile of the same.
        cpu_p95_ms: of a query, processor time.
    """

    method: str
    kind: str
    found: float
    p50_ms: float
    p95_ms: float
    cpu_p95_ms: float


@dataclass(frozen=True, slots=True)
class TextSearchResult(Figures):
    """All figures.

    Attributes:
        figures: by method and kind; kind "all" is over all queries.
        products: in the catalog.
        build_s: to take all of them in.
        change_ms: to take in one more and answer.
    """

    figures: tuple[KindFigures, ...]
    products: int
    build_s: float
    change_ms: float

    def table(self) -> Table:
        """For people."""
        return Table(
            f"Search by words, {self.products:,} products",
            ("method, query", "found", "p50 ms", "p95 ms", "cpu p95 ms"),
            tuple(
                (
                    f"{figures.method}, {figures.kind}",
                    f"{figures.found:.3f}",
                    f"{figures.p50_ms:.2f}",
                    f"{figures.p95_ms:.2f}",
                    f"{figures.cpu_p95_ms:.2f}",
                )
                for figures in self.figures
            ),
            (
                f"taking all products in: {self.build_s:.2f} s; one more: {self.change_ms:.1f} ms",
                "found: the product that the query was made from is among the first ten",
            ),
        )


def measure_text_search(
    options: TextSearchOptions, on_progress: Progress = silent
) -> TextSearchResult:
    """Ask every query once, of the index and of a plain scan."""
    rng = random.Random(options.seed)
    products = _products(options, rng)
    index = TextIndex()
    start = perf_counter()
    index.search("anything", products)
    build_s = perf_counter() - start

    def by_index(text: str) -> list[str]:
        hits = index.search(text, products)
        found = run_search(SearchQuery(text, limit=PAGE), products, 1, hits, None)
        return [hit.product.product_id for hit in found.hits]

    texts = {key: fold_text(f"{p.name} {p.description} {key}") for key, p in products.items()}

    def by_scan(text: str) -> list[str]:
        words = split_words(text)
        hits = [key for key, content in texts.items() if all(word in content for word in words)]
        return hits[:PAGE]

    queries = _queries(products, options.queries, rng)
    figures: list[KindFigures] = []
    for done, (method, find) in enumerate((("skulens", by_index), ("scan", by_scan))):
        on_progress(method, done, 2)
        figures += _measure_method(method, find, queries)
    more = {**products, "one-more": Product("one-more", "Something entirely new")}
    start = perf_counter()
    index.search("entirely", more)
    return TextSearchResult(tuple(figures), len(products), build_s, (perf_counter() - start) * 1000)


def _products(options: TextSearchOptions, rng: random.Random) -> Mapping[str, Product]:
    vocabulary = sorted({_word(rng) for _ in range(_VOCABULARY)})
    rng.shuffle(vocabulary)
    frequencies = (1 / np.arange(1, len(vocabulary) + 1)).tolist()

    def random_words(count: int) -> str:
        return " ".join(rng.choices(vocabulary, frequencies, k=count))

    products: dict[str, Product] = {}
    for number in range(options.products):
        product_id = f"sku-{number:06d}"
        attributes = (("brand", rng.choice(vocabulary[:200])), ("price", float(number % 97)))
        products[product_id] = Product(product_id, random_words(4), random_words(25), attributes)
    return products


def _word(rng: random.Random) -> str:
    parts = (_ONSETS, _NUCLEI, _CODAS)
    count = rng.choice((2, 2, 3, 3, 4))
    return "".join(rng.choice(part) for _ in range(count) for part in parts)


def _queries(
    products: Mapping[str, Product], count: int, rng: random.Random
) -> Sequence[tuple[str, str, str]]:
    """(kind, text, product id)."""
    makers: Mapping[str, Callable[[list[str]], str]] = {
        "whole name": " ".join,
        "beginning": lambda name: " ".join((*name[:3], name[3][: max(3, len(name[3]) // 2)])),
        "misspelt": lambda name: " ".join((*name[:3], _misspell(name[3], rng))),
        "one word": lambda name: max(name, key=len),
        "one word misspelt": lambda name: _misspell(max(name, key=len), rng),
        "never said": lambda name: f"{name[0]} zzxqy",
    }
    queries: list[tuple[str, str, str]] = []
    for kind, make in makers.items():
        chosen = rng.sample(list(products.values()), min(count, len(products)))
        queries += [(kind, make(product.name.split()), product.product_id) for product in chosen]
    return queries


def _misspell(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word))
    return rng.choice(
        (
            word[:place] + word[place + 1 :],
            word[:place] + "x" + word[place:],
            word[:place] + "x" + word[place + 1 :],
            word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
        )
    )


def _measure_method(
    method: str, find: Callable[[str], list[str]], queries: Sequence[tuple[str, str, str]]
) -> list[KindFigures]:
    outcomes: dict[str, list[tuple[bool, float, float]]] = {}
    for kind, text, product_id in queries:
        start, worked = perf_counter(), process_time()
        found = find(text)
        times = (perf_counter() - start, process_time() - worked)
        outcome = (product_id in found, *times)
        outcomes.setdefault(kind, []).append(outcome)
        outcomes.setdefault("all", []).append(outcome)
    return [_figures(method, kind, some) for kind, some in outcomes.items()]


def _figures(method: str, kind: str, outcomes: list[tuple[bool, float, float]]) -> KindFigures:
    found, clock, cpu = (np.array(column, np.float64) for column in zip(*outcomes, strict=True))
    return KindFigures(
        method=method,
        kind=kind,
        found=float(found.mean()),
        p50_ms=float(np.percentile(clock, 50) * 1000),
        p95_ms=float(np.percentile(clock, 95) * 1000),
        cpu_p95_ms=float(np.percentile(cpu, 95) * 1000),
    )
