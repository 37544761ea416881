"""Rows of a table, out of a text file with separators or out of a workbook."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from catalog.errors import Invalid
from catalog.transfer.columns import Column, check_doubled, names_products, read_columns
from catalog.transfer.text import read_text
from catalog.transfer.workbook import Cell, SheetRow, is_workbook, read_sheets, refuse_other_kinds

_SEPARATORS: Final = (",", ";", "\t", "|")
# How Python's reader says that a quote is never closed, by which all rows after it are lost.
_AT_END: Final = "unexpected end of data"
# Rows above the headings: a title, a date, an address.
_MOST_ABOVE: Final = 10
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
        found = _headings(_cells_of(text, separator))
        if found:
            check_doubled(found.columns, path.name)
            rows = tuple(_text_rows(text, separator, found, skipped, path))
            notes = [decoded.note] if decoded.note else []
            return ProductTable(found.columns, rows, separator, (*notes, *found.notes(path.name)))
    raise Invalid(f"{path} has no column product_id; its first line must name the columns")


@dataclass(frozen=True, slots=True)
class _Headings:
    columns: tuple[Column, ...]
    above: int  # rows with something in them

    def notes(self, name: str) -> tuple[str, ...]:
        rows = "1 row" if self.above == 1 else f"{self.above} rows"
        sentence = f"passed over above the headings of {name}: {rows}"
        return (sentence,) if self.above else ()


def _headings(rows: Iterable[Sequence[str]]) -> _Headings | None:
    """Find the headings among the first rows, above which a title may stand."""
    full = (cells for cells in rows if any(cell.strip() for cell in cells))
    for above, cells in enumerate(islice(full, _MOST_ABOVE + 1)):
        columns = read_columns(cells)
        if names_products(columns):
            return _Headings(columns, above)
    return None


def _cells_of(text: str, separator: str) -> Iterator[list[str]]:
    """Yield the cells of each row, as far as they can be read with a separator."""
    with suppress(csv.Error):  # it may be another one's
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _text_rows(
    text: str, separator: str, headings: _Headings, skipped: int, path: Path
) -> Iterator[TableRow]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    above = headings.above + 1
    while True:
        try:
            cells = tuple(cell.strip() for cell in next(rows))
        except StopIteration:
            return
        except csv.Error as error:
            where = f"row {rows.line_num + skipped} of {path.name}"
            if above or _AT_END in str(error):
                raise Invalid(f"{path} is broken at its {where} ({error})") from error
            nothing = ("",) * len(headings.columns)
            yield TableRow(where, nothing, f"cannot be read ({error})")
            continue
        if any(cells) and above:
            above -= 1
        elif any(cells):
            yield _row(cells, headings.columns, f"row {rows.line_num + skipped} of {path.name}")


def _of_workbook(path: Path) -> ProductTable:
    sheets = read_sheets(path)
    for sheet in sheets.sheets:
        found = _headings([str(cell) for cell in row.cells] for row in sheet.rows)
        if not found:
            continue
        name = path.name if len(sheets.sheets) == 1 else f"{sheet.name!r} in {path.name}"
        check_doubled(found.columns, name)
        below = sheet.rows[found.above + 1 :]
        rows = tuple(_sheet_row(row, found.columns, name) for row in below)
        others = [other.name for other in sheets.sheets if other is not sheet and other.rows]
        passed_over = [f"sheet {other!r} in {path.name} was passed over" for other in others]
        notes = (*sheets.notes, *found.notes(name), *passed_over)
        return ProductTable(found.columns, rows, "", notes)
    raise Invalid(f"{path} has no sheet among whose first rows one has a column product_id")


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
