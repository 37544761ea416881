"""Results as rows of text, for whoever prints them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """A result for people: the first column holds labels, the others figures."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """A result for programs, of which every field is a figure."""

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)
