"""Results as rows of text, for whoever prints them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A result for people: the first column holds labels, the others figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
