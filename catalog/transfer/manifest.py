"""Manifests of an import: one folder per product, a table, or a JSON Lines file."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from catalog.errors import Invalid, NotFound, StorageUnavailable
from catalog.ingest.outline import read_choice
from catalog.ingest.rubbish import is_rubbish
from catalog.records.codec import Malformed, as_object
from catalog.records.kept import KeptChoice
from catalog.records.product import AttributeValue
from catalog.records.validation import one_line
from catalog.storage.folder import describe_os_error
from catalog.transfer.columns import IMAGES, OWN_COLUMNS, PRODUCT_ID, Column
from catalog.transfer.numerals import DecimalMark, decimal_mark, is_ambiguous, read_number
from catalog.transfer.table import ProductTable, TableRow, read_table
from catalog.transfer.text import read_text
from catalog.transfer.workbook import Cell, cell_text

# In a folder, in any case; the first of them that is there is read.
MANIFEST_NAMES: Final = (
    *("products.jsonl", "products.ndjson", "products.csv", "products.tsv", "products.txt"),
    "products.xlsx",
)
_TABLES: Final = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_LINES: Final = (".jsonl", ".ndjson")
_LIST: Final = re.compile(r"[;\n]")
S3_SCHEME: Final = "s3://"
_SCHEME: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]+://")
# What spreadsheets make of a long number in a text file: its last digits are lost.
_SHORTENED: Final = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+[0-9]+")

# What counts as a picture in a folder; HEIC to be refused by name instead of passed over.
_PICTURES: Final = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".bmp"),
        *(".tif", ".tiff", ".ppm", ".pgm", ".heic", ".heif"),
    )
)
# Errors of a row or a line, however odd its values are.
_ODD: Final = (Invalid, ValueError, ArithmeticError, LookupError, RecursionError, TypeError)


@dataclass(frozen=True, slots=True)
class ImportItem:
    """One product to import.

    Attributes:
        where: "row 3 of products.csv", for people.
        product_id: as written there, not checked.
        pictures: paths relative to the manifest's folder.
        addresses: further pictures, as `s3://bucket/key`.
        name: None leaves a known product's as it is.
        description: None leaves a known product's as it is.
        attributes: None leaves a known product's as they are.
        keep: what to keep of pictures, by their path or address; the others have it found.
        problem: why it cannot be imported; empty when it can.
    """

    where: str
    product_id: str
    pictures: tuple[PurePosixPath, ...] = ()
    addresses: tuple[str, ...] = ()
    name: str | None = None
    description: str | None = None
    attributes: Mapping[str, AttributeValue] | None = None
    keep: Mapping[str, KeptChoice] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ImportManifest:
    """Everything to import.

    Attributes:
        root: what the pictures' paths are relative to.
        items: in the order to import them.
        ignored: sentences on files that are passed over, and on what was read by a guess.
    """

    root: Path
    items: tuple[ImportItem, ...]
    ignored: tuple[str, ...] = ()


def read_manifest(path: Path) -> ImportManifest:
    """Read what a folder or a manifest file offers; no picture is opened.

    Raises:
        NotFound: there is nothing at that path.
        Invalid: it is neither a folder with one folder per product nor a manifest.
        StorageUnavailable: it cannot be read.
    """
    try:
        return _read(path)
    except OSError as error:
        raise StorageUnavailable(describe_os_error("read", path, error)) from error


def _read(path: Path) -> ImportManifest:
    if path.is_dir():
        return _from_folder(path)
    if not path.exists():
        raise NotFound(f"there is nothing at {path} to import")
    if path.suffix.lower() in _TABLES:
        table = read_table(path)
        items = _without_repeats(_table_items(table))
        return ImportManifest(path.parent, items, (*table.notes, *_guesses(table)))
    if path.suffix.lower() in _LINES:
        text = read_text(path)
        items = _without_repeats(_line_items(text.text, path.name))
        return ImportManifest(path.parent, items, (text.note,) if text.note else ())
    raise Invalid(f"{path} is no manifest; give a folder, a .csv, an .xlsx or a .jsonl file")


def _from_folder(folder: Path) -> ImportManifest:
    manifests = {
        entry.name.casefold(): entry
        for entry in sorted(folder.iterdir())
        if entry.name.casefold() in MANIFEST_NAMES and entry.is_file()
    }
    there = [manifests[name] for name in MANIFEST_NAMES if name in manifests]
    if not there:
        return _from_folders(folder)
    first, *others = there
    read = _read(first)
    passed_over = tuple(
        f"{other.name} was passed over, because {first.name} is there" for other in others
    )
    return ImportManifest(read.root, read.items, (*read.ignored, *passed_over))


def _from_folders(root: Path) -> ImportManifest:
    items: list[ImportItem] = []
    ignored: list[str] = []
    rubbish = 0
    for entry in sorted(root.iterdir()):
        if entry.name.startswith("."):
            ignored.append(f"{one_line(entry.name)} is hidden and was ignored")
        elif is_rubbish([entry.name]):
            rubbish += 1
        elif entry.is_dir():
            item, passed_over = _folder_item(entry, ignored)
            items.append(item)
            rubbish += passed_over
        else:
            ignored.append(f"{one_line(entry.name)} is not in a product's folder and was ignored")
    if not items:
        raise Invalid(f"{root} has no folder to import; it needs one folder per product")
    if rubbish:
        files = "1 file or folder" if rubbish == 1 else f"{rubbish} files and folders"
        ignored.append(f"{files} of file servers, systems and programs were passed over")
    return ImportManifest(root, tuple(items), tuple(ignored))


def _folder_item(folder: Path, ignored: list[str]) -> tuple[ImportItem, int]:
    """Return a product, and how much rubbish lies in its folder."""
    pictures: list[PurePosixPath] = []
    rubbish = 0
    for entry in sorted(folder.iterdir()):
        name = PurePosixPath(folder.name, entry.name)
        if is_rubbish([entry.name]) and not entry.name.startswith("."):
            rubbish += 1
        elif entry.is_file() and entry.suffix.lower() in _PICTURES and entry.name[0] != ".":
            pictures.append(name)
        else:
            ignored.append(f"{one_line(str(name))} is not a picture and was ignored")
    where = f"folder {one_line(folder.name)}"
    problem = "" if pictures else f"{where} holds no picture"
    return ImportItem(where, one_line(folder.name), tuple(pictures), problem=problem), rubbish


def _without_repeats(items: Iterable[ImportItem]) -> tuple[ImportItem, ...]:
    first: dict[str, str] = {}
    kept: list[ImportItem] = []
    for item in items:
        before = first.setdefault(item.product_id or item.where, item.where)
        if before != item.where and not item.problem:
            problem = f"{item.where}: product {item.product_id} is in {before} already"
            kept.append(ImportItem(item.where, item.product_id, problem=problem))
        else:
            kept.append(item)
    return tuple(kept)


def _table_items(table: ProductTable) -> Iterator[ImportItem]:
    marks = {
        column.name: decimal_mark(_number_texts(table, place))
        for place, column in enumerate(table.columns)
        if column.kind == "number"
    }
    # Where a comma separates cells, a comma in a number may be of thousands.
    comma = DecimalMark.BOTH if table.separator == "," else DecimalMark.COMMA
    for row in table.rows:
        yield _table_item(row, table.columns, marks, comma)


def _number_texts(table: ProductTable, place: int) -> Iterator[str]:
    cells = (row.cells[place] for row in table.rows)
    return (cell for cell in cells if isinstance(cell, str))


def _guesses(table: ProductTable) -> Iterator[str]:
    """Yield a sentence for each column whose numbers can be read in two ways."""
    for place, column in enumerate(table.columns):
        texts = list(_number_texts(table, place)) if column.kind == "number" else []
        if decimal_mark(texts) is DecimalMark.UNKNOWN:
            example = next((t for t in texts if is_ambiguous(t)), "")
            if "." in example or (example and table.separator != ","):
                yield (
                    f"{example} and the like in column {column.heading} were read with decimals; "
                    "if they are thousands, write them without a mark"
                )


def _table_item(
    row: TableRow,
    columns: Sequence[Column],
    marks: Mapping[str, DecimalMark],
    comma: DecimalMark,
) -> ImportItem:
    pairs = list(zip(columns, row.cells, strict=True))
    own = {column.name: cell_text(cell) for column, cell in pairs if column.is_own}
    own[IMAGES] = ";".join(cell_text(c) for column, c in pairs if column.name == IMAGES)
    product_id = one_line(own[PRODUCT_ID])
    if row.problem:
        return ImportItem(row.where, product_id, problem=f"{row.where} {row.problem}")
    if _SHORTENED.fullmatch(product_id):
        reason = "was shortened by a spreadsheet; make the column one of texts there"
        return ImportItem(row.where, product_id, problem=f"{row.where}: {product_id} {reason}")
    given = [(c, cell) for c, cell in pairs if not c.is_own and c.name]
    try:
        attributes = {
            column.name: _table_attribute(column, cell, marks, comma)
            for column, cell in given
            if cell != ""
        }
        pictures, addresses = _places(_LIST.split(own[IMAGES]))
        keep = read_choice(own.get("keep") or "automatic")
    except _ODD as error:
        return ImportItem(row.where, product_id, problem=one_line(f"{row.where}: {error}"))
    return ImportItem(
        row.where,
        product_id,
        pictures,
        addresses,
        name=own.get("name") or None,
        description=own.get("description") or None,
        attributes=attributes if given else None,
        keep=dict.fromkeys((*map(str, pictures), *addresses), keep) if keep else {},
    )


def _table_attribute(
    column: Column, cell: Cell, marks: Mapping[str, DecimalMark], comma: DecimalMark
) -> AttributeValue:
    """Read a cell as text, as `0012` may be no number; its column's name can say otherwise."""
    if column.kind == "list":
        return tuple(part.strip() for part in _LIST.split(cell_text(cell)) if part.strip())
    if column.kind != "number":
        return cell_text(cell)
    if not isinstance(cell, str):
        return float(cell)
    fallback = DecimalMark.POINT if "." in cell else comma
    try:
        return read_number(cell, marks[column.name], fallback)
    except Malformed as error:
        raise Malformed(f"{cell!r} in column {column.heading} {error}") from error


def _line_items(text: str, name: str) -> Iterator[ImportItem]:
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if line.strip():
            yield _line_item(line, f"line {number} of {name}")


def _line_item(line: str, where: str) -> ImportItem:
    product_id = ""
    try:
        record = as_object(json.loads(line, object_pairs_hook=_object))
        product_id = one_line(_text(record, "product_id") or "")
        return ImportItem(
            where,
            product_id,
            *_places(_listed(record.get("images"))),
            name=_text(record, "name"),
            description=_text(record, "description"),
            attributes=_line_attributes(record),
            keep=_choices(record.get("keep")),
        )
    except _ODD as error:
        problem = one_line(f"{where} cannot be read ({error})")
        return ImportItem(where, product_id, problem=problem)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"{twice!r} is given twice")
    return record


def _choices(value: object) -> Mapping[str, KeptChoice]:
    choices = {
        name: read_choice(given)
        for name, given in as_object({} if value is None else value).items()
    }
    return {name: choice for name, choice in choices.items() if choice is not None}


def _line_attributes(record: Mapping[str, object]) -> Mapping[str, AttributeValue] | None:
    """Return the `attributes` object and every key that is not one of ours."""
    attributes = record.get("attributes")
    given = dict(as_object({} if attributes is None else attributes))
    given.update(
        {key: value for key, value in record.items() if key not in (*OWN_COLUMNS, "attributes")}
    )
    if not given and "attributes" not in record:
        return None
    return {key: _attribute(key, value) for key, value in given.items() if value is not None}


def _attribute(key: str, value: object) -> AttributeValue:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return float(value)
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return tuple(str(item) for item in value)
        case _:
            raise Malformed(f"attribute {key!r} must be a text, a number or a list of texts")


def _text(record: Mapping[str, object], key: str) -> str | None:
    value = record.get(key)
    if value is not None and not isinstance(value, str):
        raise Malformed(f"{key} must be a text")
    return value


def _listed(value: object) -> Sequence[str]:
    match value:
        case None:
            return ()
        case str():
            return _LIST.split(value)
        case list() if all(isinstance(item, str) for item in value):
            return value
        case _:
            raise Malformed("images must be a list of paths")


def _places(texts: Sequence[str]) -> tuple[tuple[PurePosixPath, ...], tuple[str, ...]]:
    """Return paths and addresses, each once."""
    given = [text.strip() for text in texts if text.strip()]
    for text in given:
        if "\0" in text or not _is_unicode(text):
            raise Malformed(f"picture {one_line(text)!r} has characters that no name may have")
        if _SCHEME.match(text) and not text.startswith(S3_SCHEME):
            raise Malformed(
                f"picture {text} is an address that is not read; give a path below the manifest's "
                "folder, or s3://bucket/key"
            )
    addresses = [text for text in given if text.startswith(S3_SCHEME)]
    for address in addresses:
        bucket, _, key = address.removeprefix(S3_SCHEME).partition("/")
        if not bucket or not key:
            raise Malformed(f"picture {address} must be s3://bucket/key")
    return _paths([text for text in given if not text.startswith(S3_SCHEME)]), tuple(
        dict.fromkeys(addresses)
    )


def _paths(texts: Sequence[str]) -> tuple[PurePosixPath, ...]:
    paths = tuple(PurePosixPath(text.replace("\\", "/")) for text in texts)
    for path in paths:
        if not path.parts:
            raise Malformed(f"picture {str(path)!r} is no file's name")
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise Malformed(f"picture {path} must be a path below the manifest's folder")
    return tuple(dict.fromkeys(paths))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
