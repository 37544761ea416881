"""Workbooks of Excel, LibreOffice and others (`.xlsx`), read by openpyxl row by row.

Only values are read: what a formula gave when the workbook was last saved by a program that
calculates. Macros are never run, links to other files never followed.
"""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from catalog.errors import Invalid
from catalog.records.validation import one_line

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook

Cell = str | int | float

# Bounds of what is unpacked and read into memory: a table of 100,000 rows has a tenth of it.
MOST_UNPACKED: Final = 200_000_000  # bytes, without pictures, which are not read
MOST_CELLS: Final = 5_000_000  # of a sheet
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PAGE: Final = re.compile(rb"\s*<(\?xml|!doctype|html|table|workbook)", re.IGNORECASE)
_MAIN_PART: Final = "xl/workbook.xml"
_MEDIA: Final = "xl/media/"
_PADDED: Final = re.compile("0+")  # a format that shows zeros in front
# What a spreadsheet shows at most, and stores.
_DIGITS: Final = 15
_LONGEST_REASON: Final = 200  # characters of a message of the XML reader
# What openpyxl, the zip and the XML reader were seen to raise on damaged workbooks.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with something in it.

    Attributes:
        number: from 1, as the program shows it.
        cells: texts without spaces around them, or numbers; "" where there is nothing.
        problem: half a sentence on a cell without a value; else empty.
    """

    number: int
    cells: tuple[Cell, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """A sheet of a workbook."""

    name: str
    rows: tuple[SheetRow, ...]


@dataclass(frozen=True, slots=True)
class WorkbookSheets:
    """A workbook's sheets that can be seen, and sentences on what is passed over."""

    sheets: tuple[WorkbookSheet, ...]
    notes: tuple[str, ...]


def is_workbook(path: Path) -> bool:
    """Return whether a file is an `.xlsx` workbook, whatever its name ends in."""
    if _start(path)[: len(_ZIP)] != _ZIP:
        return False
    try:
        with zipfile.ZipFile(path) as opened:
            return _MAIN_PART in opened.namelist()
    except _DAMAGE:
        return False


def refuse_other_kinds(path: Path) -> None:
    """Refuse what other programs write under the name of a table.

    Raises:
        Invalid: it is such a file.
    """
    start = _start(path)
    if start.startswith(_OLE):
        raise Invalid(
            f"{path} is a workbook with a password or of Excel before 2007; "
            "save it as .xlsx without a password, or as 'CSV UTF-8'"
        )
    if start.startswith(_ZIP):
        raise Invalid(
            f"{path} is no .xlsx workbook, but another archive or a damaged one (Numbers and "
            "LibreOffice export .xlsx); save it as .xlsx, or as 'CSV UTF-8'"
        )
    if start.startswith(b"%PDF") or _PAGE.match(start):
        raise Invalid(f"{path} is a web page or a document; save it as .xlsx, or as 'CSV UTF-8'")


def read_sheets(path: Path) -> WorkbookSheets:
    """Read a workbook.

    Raises:
        Invalid: it is damaged, or too large.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            members = opened.infolist()
        unpacked = sum(m.file_size for m in members if not m.filename.startswith(_MEDIA))
        if unpacked > MOST_UNPACKED:
            raise Invalid(
                f"{path} would unpack to {unpacked:,} bytes; give at most {MOST_UNPACKED:,}, "
                "or save it as 'CSV UTF-8'"
            )
        has_pictures = any(member.filename.startswith(_MEDIA) for member in members)
        sheets = tuple(_sheets(path))
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(path, error) from error  # openpyxl's own
    except _DAMAGE as error:
        raise _damaged(path, error) from error
    inside = f"pictures inside {path.name} were passed over; name their files in column images"
    return WorkbookSheets(sheets, (inside,) if has_pictures else ())


def _damaged(path: Path, error: Exception) -> Invalid:
    reason = one_line(f"{type(error).__name__}: {error}")[:_LONGEST_REASON]
    return Invalid(f"{path} is a damaged workbook ({reason}); save it again")


def _sheets(path: Path) -> Iterator[WorkbookSheet]:
    # Values and formulas stand in two views of a workbook; a formula without a value has neither.
    with (
        path.open("rb") as file,
        path.open("rb") as again,
        closing(_opened(file, values=True)) as values,
        closing(_opened(again, values=False)) as written,
    ):
        for sheet, formulas in zip(values.worksheets, written.worksheets, strict=True):
            if sheet.sheet_state != "visible":
                continue
            for view in (sheet, formulas):
                view.reset_dimensions()  # some programs write wrong ones
            rows = _rows(sheet.iter_rows(), formulas.iter_rows(values_only=True))
            yield WorkbookSheet(sheet.title, tuple(rows))


def _opened(file: BinaryIO, *, values: bool) -> "Workbook":
    from openpyxl import load_workbook  # a tenth of a second, for those that need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and rules that are not read
        return load_workbook(file, read_only=True, data_only=values, keep_links=False)


def _rows(
    values: Iterator[Sequence[object]], formulas: Iterator[Sequence[object]]
) -> Iterator[SheetRow]:
    left = MOST_CELLS
    for number, (cells, written) in enumerate(zip(values, formulas, strict=True), start=1):
        left -= len(cells)
        if left < 0:
            raise Invalid(f"a sheet has over {MOST_CELLS:,} cells; split it")
        row = tuple(_cell(cell) for cell in cells)
        lost = _lost(cells, written)
        if lost or any(cell != "" for cell in row):
            yield SheetRow(number, row, lost)


def _lost(cells: Sequence[object], written: Sequence[object]) -> str:
    """Return half a sentence on the first cell whose value is not there."""
    for number, (cell, formula) in enumerate(zip(cells, written, strict=False), start=1):
        if getattr(cell, "data_type", "") == "e":
            return f"holds the error {getattr(cell, 'value', '')} in column {number}"
        if getattr(cell, "value", None) is None and str(formula or "").startswith("="):
            return (
                f"holds a formula in column {number} that was never calculated; "
                "open and save it in a spreadsheet program"
            )
    return ""


def _cell(cell: object) -> Cell:
    value: object = getattr(cell, "value", None)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            form = str(getattr(cell, "number_format", ""))
            return f"{value:0{len(form)}d}" if _PADDED.fullmatch(form) else value
        case float():
            return int(value) if value.is_integer() and abs(value) < 10**_DIGITS else value
        case datetime():
            is_day = value.time() == time()
            return value.date().isoformat() if is_day else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
        case _:
            return str(value).strip()


def cell_text(cell: Cell) -> str:
    """Return a cell as text; a number with the digits that a spreadsheet shows."""
    return format(cell, f".{_DIGITS}g") if isinstance(cell, float) else str(cell)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(512)
