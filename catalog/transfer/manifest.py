"""Manifests of an import: one folder per product, or a CSV or JSON Lines file."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from catalog.errors import Invalid, NotFound, StorageUnavailable
from catalog.ingest.outline import read_choice
from catalog.records.codec import Malformed, as_object
from catalog.records.kept import KeptChoice
from catalog.records.product import AttributeValue
from catalog.storage.folder import describe_os_error

MANIFEST_NAMES: Final = ("products.jsonl", "products.csv")
_TABLES: Final = (".csv", ".tsv")
_LINES: Final = (".jsonl", ".ndjson")
_DELIMITERS: Final = (",", ";", "\t")
_LIST: Final = ";"
S3_SCHEME: Final = "s3://"

# What counts as a picture in a folder; HEIC to be refused by name instead of passed over.
_PICTURES: Final = frozenset(
    (
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".bmp"),
        *(".tif", ".tiff", ".ppm", ".pgm", ".heic", ".heif"),
    )
)
_OWN_COLUMNS: Final = ("product_id", "name", "description", "images", "keep")


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
        ignored: sentences on files that are passed over.
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
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not UTF-8 text; save it as UTF-8") from error


def _read(path: Path) -> ImportManifest:
    if path.is_dir():
        for name in MANIFEST_NAMES:
            if (path / name).is_file():
                return _read(path / name)
        return _from_folders(path)
    if not path.exists():
        raise NotFound(f"there is nothing at {path} to import")
    if path.suffix.lower() in _TABLES:
        return ImportManifest(path.parent, _without_repeats(_table_items(path)))
    if path.suffix.lower() in _LINES:
        return ImportManifest(path.parent, _without_repeats(_line_items(path)))
    raise Invalid(f"{path} is no manifest; give a folder, a .csv or a .jsonl file")


def _from_folders(root: Path) -> ImportManifest:
    items: list[ImportItem] = []
    ignored: list[str] = []
    for entry in sorted(root.iterdir()):
        if entry.name.startswith("."):
            ignored.append(f"{entry.name} is hidden and was ignored")
        elif entry.is_dir():
            items.append(_folder_item(entry, ignored))
        else:
            ignored.append(f"{entry.name} is not in a product's folder and was ignored")
    if not items:
        raise Invalid(f"{root} has no folder to import; it needs one folder per product")
    return ImportManifest(root, tuple(items), tuple(ignored))


def _folder_item(folder: Path, ignored: list[str]) -> ImportItem:
    pictures: list[PurePosixPath] = []
    for entry in sorted(folder.iterdir()):
        name = PurePosixPath(folder.name, entry.name)
        if entry.is_file() and entry.suffix.lower() in _PICTURES and entry.name[0] != ".":
            pictures.append(name)
        else:
            ignored.append(f"{name} is not a picture and was ignored")
    problem = "" if pictures else f"folder {folder.name} holds no picture"
    return ImportItem(f"folder {folder.name}", folder.name, tuple(pictures), problem=problem)


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


def _table_items(path: Path) -> Iterator[ImportItem]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        delimiter = _delimiter(file.readline(), path)
        file.seek(0)
        rows = csv.DictReader(file, delimiter=delimiter, strict=True)
        try:
            for row in rows:
                yield _table_item(row, f"row {rows.line_num} of {path.name}")
        except csv.Error as error:
            raise Invalid(f"{path} is broken near line {rows.line_num} ({error})") from error


def _delimiter(header: str, path: Path) -> str:
    for delimiter in _DELIMITERS:
        names = [name.strip().strip('"') for name in header.rstrip("\r\n").split(delimiter)]
        if "product_id" in names:
            return delimiter
    raise Invalid(f"{path} has no column product_id; its first line must name the columns")


def _table_item(row: Mapping[str | None, str | list[str] | None], where: str) -> ImportItem:
    cells = {
        key.strip(): value.strip()
        for key, value in row.items()
        if key is not None and isinstance(value, str)
    }
    product_id = cells.get("product_id", "")
    if None in row:
        return ImportItem(
            where, product_id, problem=f"{where} has more cells than there are columns"
        )
    columns = [name for name in cells if name not in _OWN_COLUMNS]
    try:
        attributes = dict(_table_attribute(name, cells[name]) for name in columns if cells[name])
        pictures, addresses = _places(cells.get("images", "").split(_LIST))
        keep = read_choice(cells.get("keep") or "automatic")
    except (Malformed, Invalid) as error:
        return ImportItem(where, product_id, problem=f"{where}: {error}")
    return ImportItem(
        where,
        product_id,
        pictures,
        addresses,
        name=cells.get("name") or None,
        description=cells.get("description") or None,
        attributes=attributes if columns else None,
        keep=dict.fromkeys((*map(str, pictures), *addresses), keep) if keep else {},
    )


def _table_attribute(column: str, cell: str) -> tuple[str, AttributeValue]:
    """Read a cell as text, as `0012` may be no number; its column's name can say otherwise."""
    name, _, kind = column.rpartition(":")
    if kind == "list" and name:
        return name, tuple(part.strip() for part in cell.split(_LIST) if part.strip())
    if kind == "number" and name:
        try:
            return name, float(cell)
        except ValueError as error:
            raise Malformed(f"{cell!r} in column {column} is no number") from error
    return column, cell


def _line_items(path: Path) -> Iterator[ImportItem]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _line_item(line, f"line {number} of {path.name}")


def _line_item(line: str, where: str) -> ImportItem:
    product_id = ""
    try:
        record = as_object(json.loads(line))
        product_id = _text(record, "product_id") or ""
        return ImportItem(
            where,
            product_id,
            *_places(_listed(record.get("images"))),
            name=_text(record, "name"),
            description=_text(record, "description"),
            attributes=_line_attributes(record),
            keep=_choices(record.get("keep")),
        )
    except (ValueError, RecursionError, Invalid) as error:
        return ImportItem(where, product_id, problem=f"{where} cannot be read ({error})")


def _choices(value: object) -> Mapping[str, KeptChoice]:
    choices = {name: read_choice(given) for name, given in as_object(value or {}).items()}
    return {name: choice for name, choice in choices.items() if choice is not None}


def _line_attributes(record: Mapping[str, object]) -> Mapping[str, AttributeValue] | None:
    """Return the `attributes` object and every key that is not one of ours."""
    given = dict(as_object(record.get("attributes") or {}))
    given.update(
        {key: value for key, value in record.items() if key not in (*_OWN_COLUMNS, "attributes")}
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
            return value.split(_LIST)
        case list() if all(isinstance(item, str) for item in value):
            return value
        case _:
            raise Malformed("images must be a list of paths")


def _places(texts: Sequence[str]) -> tuple[tuple[PurePosixPath, ...], tuple[str, ...]]:
    """Return paths and addresses, each once."""
    given = [text.strip() for text in texts if text.strip()]
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
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise Malformed(f"picture {path} must be a path below the manifest's folder")
    return tuple(dict.fromkeys(paths))
