"""Rows of a table, out of a text file with separators or out of a workbook."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from catalog.transfer.columns import Column, check_doubled, names_products, read_columns
from catalog.transfer.text import read_text
from catalog.transfer.workbook import Cell, SheetRow, is_workbook, read_sheets, refuse_other_kinds

_SEPARATORS: Final = (",", ";", "\t", "|")
# Excel's own first line, which names the separator.
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row with something in it.

    Attributes:
        where: "row 3 of products.csv", for people.
        cells: one for each column; texts without spaces around them.
        problem: half a sentence on why it cannot be taken in; empty when it can.
    """

    where: str
    cells: tuple[Cell, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ProductTable:
    """A table of products.

    Attributes:
        columns: in their order.
        rows: those with something in them.
        separator: between cells; empty in a workbook.
        notes: sentences on what was passed over, or read by a guess.
    """

    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    separator: str
    notes: tuple[str, ...] = ()


def read_table(path: Path) -> ProductTable:
    """Read a table, whatever its file's name ends in.

    Raises:
        Invalid: it is none, has no column of product ids, two of one name, or is broken.
        OSError: it cannot be read.
    """
    if is_workbook(path):
        return _of_workbook(path)
    refuse_other_kinds(path)
    return _of_text(path)


def _of_text(path: Path) -> ProductTable:
    decoded = read_text(path)
    text, skipped = decoded.text, 0
    separators: Sequence[str] = _SEPARATORS
    first, _, rest = text.partition("\n")
    if named := _SEPARATOR_LINE.fullmatch(first):
        text, skipped, separators = rest, 1, (named[1],)
    for separator in separators:
        found = _headings(text, separator)
        if names_products(found):
            check_doubled(found, path.name)
            rows = tuple(_text_rows(text, separator, found, skipped, path))
            notes = (decoded.note,) if decoded.note else ()
            return ProductTable(found, rows, separator, notes)
    raise Invalid(f"{path} has no column product_id; its first line must name the columns")


def _headings(text: str, separator: str) -> tuple[Column, ...]:
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            if any(cell.strip() for cell in cells):
                return read_columns(cells)
    except csv.Error:
        pass  # it may be another separator's
    return ()


def _text_rows(
    text: str, separator: str, columns: tuple[Column, ...], skipped: int, path: Path
) -> Iterator[TableRow]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    are_headings = True
    try:
        for cells in rows:
            stripped = tuple(cell.strip() for cell in cells)
            if not any(stripped):
                continue
            if are_headings:
                are_headings = False
                continue
            yield _row(stripped, columns, f"row {rows.line_num + skipped} of {path.name}")
    except csv.Error as error:
        raise Invalid(f"{path} is broken near line {rows.line_num} ({error})") from error


def _of_workbook(path: Path) -> ProductTable:
    sheets = read_sheets(path)
    for sheet in sheets.sheets:
        if not sheet.rows:
            continue
        columns = read_columns([str(cell) for cell in sheet.rows[0].cells])
        if not names_products(columns):
            continue
        name = path.name if len(sheets.sheets) == 1 else f"{sheet.name!r} in {path.name}"
        check_doubled(columns, name)
        rows = tuple(_sheet_row(row, columns, name) for row in sheet.rows[1:])
        others = [other.name for other in sheets.sheets if other is not sheet and other.rows]
        passed_over = [f"sheet {other!r} in {path.name} was passed over" for other in others]
        return ProductTable(columns, rows, "", (*sheets.notes, *passed_over))
    raise Invalid(f"{path} has no sheet whose first row has a column product_id")


def _sheet_row(row: SheetRow, columns: tuple[Column, ...], name: str) -> TableRow:
    where = f"row {row.number} of {name}"
    if row.problem:
        cells = (*row.cells, *("",) * len(columns))[: len(columns)]
        return TableRow(where, cells, row.problem)
    return _row(row.cells, columns, where)


def _row(cells: tuple[Cell, ...], columns: tuple[Column, ...], where: str) -> TableRow:
    width = len(columns)
    problem = ""
    if any(cell != "" for cell in cells[width:]):
        problem = "has more cells than there are columns"
    cells = (*cells[:width], *("",) * (width - len(cells)))
    for number, (cell, column) in enumerate(zip(cells, columns, strict=True), start=1):
        if cell != "" and not column.name:
            problem = f"has {str(cell)[:40]!r} in column {number}, which has no name"
    return TableRow(where, cells, problem)
