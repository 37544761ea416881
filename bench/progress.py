"""How a long measurement says where it stands."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how many steps are done, and how many there are."""


def silent(label: str, done: int, total: int) -> None:
    """Report to nobody."""
