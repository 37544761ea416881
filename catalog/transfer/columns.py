"""Headings of a table, as people and spreadsheets write them."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from catalog.errors import Invalid

PRODUCT_ID: Final = "product_id"
IMAGES: Final = "images"
OWN_COLUMNS: Final = (PRODUCT_ID, "name", "description", IMAGES, "keep")
_OWN_BY_LETTERS: Final = {name.replace("_", ""): name for name in OWN_COLUMNS}
_KIND: Final = re.compile(r"(.*?)\s*:\s*(number|list)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: of ours, or of an attribute; empty where the table gives none.
        kind: "number", "list" or "", of an attribute.
        heading: as it is written there, for people.
    """

    name: str
    kind: str
    heading: str

    @property
    def is_own(self) -> bool:
        """Whether it is one of `OWN_COLUMNS`."""
        return not self.kind and self.name in OWN_COLUMNS


def read_columns(headings: Sequence[str]) -> tuple[Column, ...]:
    """Read headings; ours are known in any case, with spaces, hyphens or underscores."""
    return tuple(_column(" ".join(heading.replace("\ufeff", "").split())) for heading in headings)


def names_products(columns: Sequence[Column]) -> bool:
    """Return whether there is a column of product ids, without which it is no table of products."""
    return any(column.name == PRODUCT_ID for column in columns)


def check_doubled(columns: Sequence[Column], where: str) -> None:
    """Refuse two columns of one name, of which one would be lost; several of pictures are joined.

    Args:
        columns: all of the table.
        where: for the message.

    Raises:
        Invalid: there are two.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for number, column in enumerate(columns, start=1):
        if column.name and column.name != IMAGES:
            places[column.name].append(number)
    for name, numbers in places.items():
        if len(numbers) > 1:
            named = " and ".join(map(str, numbers))
            raise Invalid(f"{where} has the column {name} twice ({named}); rename or delete one")


def _column(heading: str) -> Column:
    own = _OWN_BY_LETTERS.get(re.sub(r"[\s_-]+", "", heading).casefold())
    if own:
        return Column(own, "", heading)
    kind = _KIND.fullmatch(heading)
    if kind and kind[1]:
        return Column(kind[1], kind[2].lower(), heading)
    return Column(heading, "", heading)
