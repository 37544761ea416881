"""Facets: how the products found are distributed over the values of their attributes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from catalog.records.product import AttributeValue, Product

# Values of a facet that are listed; the others are counted.
MOST_VALUES: Final = 20


@dataclass(frozen=True, slots=True)
class ValueCount:
    """A value, and how many products have it."""

    value: str
    products: int


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The least and the greatest of the numbers that products have."""

    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class Facet:
    """One attribute over some products.

    Attributes:
        key: the attribute's name.
        values: the texts that most of them have, at most 20, commonest first.
        others: how many further texts there are.
        range: of the numbers; None when there are none.
    """

    key: str
    values: tuple[ValueCount, ...] = ()
    others: int = 0
    range: NumberRange | None = None


def count_facets(products: Iterable[Product], keys: Sequence[str]) -> tuple[Facet, ...]:
    """Return the facets of these attributes, in order."""
    texts: dict[str, Counter[str]] = {key: Counter() for key in keys}
    numbers: dict[str, list[float]] = {key: [] for key in keys}
    for product in products:
        for key, value in product.attributes:
            if key in texts:
                _count(value, texts[key], numbers[key])
    return tuple(_facet(key, texts[key], numbers[key]) for key in texts)


def _count(value: AttributeValue, texts: Counter[str], numbers: list[float]) -> None:
    match value:
        case float():
            numbers.append(value)
        case str():
            texts[value] += 1
        case _:
            texts.update(set(value))


def _facet(key: str, texts: Counter[str], numbers: Sequence[float]) -> Facet:
    ranked = sorted(texts.items(), key=lambda item: (-item[1], item[0]))
    return Facet(
        key=key,
        values=tuple(ValueCount(*item) for item in ranked[:MOST_VALUES]),
        others=max(len(ranked) - MOST_VALUES, 0),
        range=NumberRange(min(numbers), max(numbers)) if numbers else None,
    )
