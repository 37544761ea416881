"""Conditions on attributes, as people write them: `brand=Oatly`, `price<=2`, `tags!=vegan`."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from catalog.errors import Invalid
from catalog.records.product import AttributeValue, Product
from catalog.search.spelling import fold_text

# Of one query; each is checked on every product found.
MOST_CONDITIONS: Final = 32
_WRITTEN: Final = re.compile(r"\s*(?P<key>[^<>=!]+?)\s*(?P<sign><=|>=|!=|<|>|=)(?P<value>.*)", re.S)


class Comparison(StrEnum):
    """Comparisons of an attribute with a value."""

    IS = "="
    IS_NOT = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Condition:
    """One attribute against one value.

    A list is a value when one of its texts is. Texts are compared without case and accents. A
    product without the attribute meets `!=` only.

    Attributes:
        key: the attribute's name.
        sign: how to compare.
        value: as written.
        number: the value as a number; None when it cannot be read as one.

    Raises:
        Invalid: an ordering sign is given a value that is not a number.
    """

    key: str
    sign: Comparison
    value: str
    number: float | None = None

    def __post_init__(self) -> None:
        """Check the value of an ordering comparison.

        Raises:
            Invalid: the value is not a number.
        """
        if self.sign not in (Comparison.IS, Comparison.IS_NOT) and self.number is None:
            raise Invalid(
                f"condition {self.key}{self.sign}{self.value} compares with a text; give a number"
            )

    def holds(self, product: Product) -> bool:
        """Return whether the product meets it."""
        value = next((value for key, value in product.attributes if key == self.key), None)
        match self.sign:
            case Comparison.IS:
                return self._is(value)
            case Comparison.IS_NOT:
                return not self._is(value)
            case _:
                return isinstance(value, float) and self._ordered(value)

    def _is(self, value: AttributeValue | None) -> bool:
        match value:
            case None:
                return False
            case float():
                return value == self.number
            case str():
                return fold_text(value) == fold_text(self.value)
            case _:
                return any(fold_text(text) == fold_text(self.value) for text in value)

    def _ordered(self, value: float) -> bool:
        number = self.number if self.number is not None else math.nan
        match self.sign:
            case Comparison.LESS:
                return value < number
            case Comparison.AT_MOST:
                return value <= number
            case Comparison.MORE:
                return value > number
            case _:
                return value >= number


@dataclass(frozen=True, slots=True)
class Conditions:
    """All must hold; of several `=` for one attribute, one is enough."""

    alternatives: tuple[tuple[Condition, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.alternatives)

    def hold(self, product: Product) -> bool:
        """Return whether the product meets them."""
        return all(
            any(condition.holds(product) for condition in group) for group in self.alternatives
        )

    def without(self, key: str) -> "Conditions":
        """Return the conditions on other attributes."""
        return Conditions(tuple(group for group in self.alternatives if group[0].key != key))


def parse_conditions(written: Sequence[str]) -> Conditions:
    """Read conditions from texts.

    Raises:
        Invalid: one cannot be read, or there are more than 32.
    """
    if len(written) > MOST_CONDITIONS:
        raise Invalid(f"{len(written)} conditions are too many; give at most {MOST_CONDITIONS}")
    alternatives: dict[tuple[str, int], list[Condition]] = {}
    for place, condition in enumerate(map(parse_condition, written)):
        same = (condition.key, -1 if condition.sign is Comparison.IS else place)
        alternatives.setdefault(same, []).append(condition)
    return Conditions(tuple(tuple(group) for group in alternatives.values()))


def parse_condition(written: str) -> Condition:
    """Read one condition from its text.

    Raises:
        Invalid: it cannot be read.
    """
    match = _WRITTEN.fullmatch(written)
    if match is None:
        raise Invalid(
            f"{written!r} is no condition; write attribute=value, or !=, <, <=, >, >= instead of ="
        )
    value = match["value"].strip()
    return Condition(match["key"], Comparison(match["sign"]), value, _number(value))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
