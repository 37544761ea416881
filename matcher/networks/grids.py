"""Grids on which networks answer, apart from the networks: reading them needs no torch."""

from typing import Final

COMPARED_CELL: Final = 8
"""Side in pixels of the cells in which the comparator looks for differences."""
