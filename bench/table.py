"""Results as rows of text, for whoever prints them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """What a result says to people; the first column is a label, the others are figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
