"""Many products at once, in and out."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Condition
from typing import Final
from uuid import uuid4

from catalog.errors import (
    AlreadyExists,
    CatalogError,
    Conflict,
    Invalid,
    NotFound,
    PictureError,
    StorageUnavailable,
)
from catalog.ingest.image_file import LARGEST_FILE, ImageFile
from catalog.records.codec import product_record
from catalog.records.product import Product, ReferenceImage, is_valid_id
from catalog.records.validation import attribute_items, check_id
from catalog.snapshot import Catalog
from catalog.storage.folder import describe_os_error
from catalog.store import BeforeCommit, CatalogStore, ChangeResult
from catalog.transfer.archive import unpack_archive
from catalog.transfer.manifest import MANIFEST_NAMES, ImportItem, ImportManifest, read_manifest

OnProgress = Callable[[int, int], None]
FetchImage = Callable[[str], bytes]

# Products taken in at a time: one is encoded while another is read, uploaded and committed.
_AT_ONCE: Final = 4

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_STEM: Final = 100


class RowStatus(StrEnum):
    """What became of one product of an import."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What became of one product of an import.

    Attributes:
        where: "folder oat-milk", "row 3 of products.csv".
        product_id: as it was written there.
        status: of the product.
        problems: sentences on what was refused: the product, or some of its pictures.
        notes: sentences on what was ignored.
        findings: sentences on what is wrong with pictures that were taken in.
    """

    where: str
    product_id: str
    status: RowStatus
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        rows: one for each product offered, in order.
        ignored: sentences on files that are no part of any product.
        index_version: the catalog's afterwards.
    """

    rows: tuple[ImportRow, ...]
    ignored: tuple[str, ...]
    index_version: int

    @property
    def failures(self) -> tuple[str, ...]:
        """Sentences on everything that was refused; none when all is in the catalog."""
        return tuple(problem for row in self.rows for problem in row.problems)

    def count(self, status: RowStatus) -> int:
        """How many products have that status."""
        return sum(row.status is status for row in self.rows)


def import_path(
    store: CatalogStore,
    path: Path,
    on_progress: OnProgress | None = None,
    fetch: FetchImage | None = None,
) -> ImportReport:
    """Take in a folder, a manifest or a zip; see `open_manifest` and `import_manifest`."""
    with open_manifest(path) as manifest:
        return import_manifest(store, manifest, on_progress, fetch)


@contextmanager
def open_manifest(path: Path) -> Iterator[ImportManifest]:
    """What a path offers, while the block runs; no picture is decoded.

    Args:
        path: a folder with one folder per product (which may hold a `products.jsonl` or
            `products.csv`), a manifest, or a zip of either.

    Raises:
        NotFound: there is nothing at that path.
        Invalid: it offers no products, or is a zip that cannot be trusted.
        StorageUnavailable: it cannot be read.
    """
    if path.suffix.lower() == ".zip" and path.is_file():
        with unpack_archive(path) as folder:
            yield read_manifest(folder)
    else:
        yield read_manifest(path)


def import_manifest(
    store: CatalogStore,
    manifest: ImportManifest,
    on_progress: OnProgress | None = None,
    fetch: FetchImage | None = None,
) -> ImportReport:
    """Take in what a manifest offers.

    What the catalog has already is left alone, so the same import twice changes nothing and one
    that was interrupted is simply run again. A product that breaks a rule and a picture that
    cannot be read are reported; the others are taken in. Nothing is ever removed.

    Args:
        store: the catalog.
        manifest: what to take in.
        on_progress: called with pictures done and pictures in all.
        fetch: reads an `s3://` address; raises `CatalogError`. Without it they are refused.

    Raises:
        Conflict: the catalog was encoded by other networks.
        StorageUnavailable: the storage refused; products before that one are in.
    """
    if not store.is_current:
        raise Conflict(
            f"catalog {store.name} was encoded by other networks; before an import "
            f"encode it again with: skulens catalog model {store.name} --switch"
        )
    total = sum(_size(item) for item in manifest.items)
    done = 0
    rows: list[ImportRow] = []
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="import") as pool:
        queue = _Queue()
        pending = [
            pool.submit(_in_turn, queue, place, partial(_row, store, manifest, item, fetch))
            for place, item in enumerate(manifest.items)
        ]
        try:
            for item, row in zip(manifest.items, pending, strict=True):
                rows.append(row.result())
                done += _size(item)
                if on_progress:
                    on_progress(done, total)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return ImportReport(tuple(rows), manifest.ignored, store.state().sequence)


class _Queue:
    """Lets products be prepared side by side and be committed in the order of the manifest."""

    def __init__(self) -> None:
        self._moved = Condition()
        self._done: set[int] = set()
        self._first = 0

    def wait_for(self, place: int) -> None:
        """Until all before this place are done; those are running or done, so it ends."""
        with self._moved:
            self._moved.wait_for(lambda: self._first >= place)

    def leave(self, place: int) -> None:
        with self._moved:
            self._done.add(place)
            while self._first in self._done:
                self._done.remove(self._first)
                self._first += 1
            self._moved.notify_all()


def _in_turn(queue: _Queue, place: int, row: Callable[[BeforeCommit], ImportRow]) -> ImportRow:
    try:
        return row(partial(queue.wait_for, place))
    finally:
        queue.leave(place)


def _size(item: ImportItem) -> int:
    return len(item.pictures) + len(item.addresses)


def _row(
    store: CatalogStore,
    manifest: ImportManifest,
    item: ImportItem,
    fetch: FetchImage | None,
    turn: BeforeCommit,
) -> ImportRow:
    if item.problem:
        return ImportRow(item.where, item.product_id, RowStatus.REFUSED, (item.problem,))
    try:
        check_id(item.product_id, "product")
        return _taken_in(store, manifest, item, fetch, turn)
    except (Invalid, AlreadyExists, Conflict, NotFound) as error:
        problem = f"{item.where}: {error}"
        return ImportRow(item.where, item.product_id, RowStatus.REFUSED, (problem,))


def _taken_in(
    store: CatalogStore,
    manifest: ImportManifest,
    item: ImportItem,
    fetch: FetchImage | None,
    turn: BeforeCommit,
) -> ImportRow:
    pictures, problems = _pictures(manifest.root, item.pictures)
    _fetch_into(pictures, problems, item.addresses, fetch)
    before = store.state().products.get(item.product_id)
    if before is None:
        return _added(store, item, pictures, problems, turn)
    return _updated(store, item, before, pictures, problems, turn)


def _added(
    store: CatalogStore,
    item: ImportItem,
    pictures: list[ImageFile],
    problems: list[str],
    turn: BeforeCommit,
) -> ImportRow:
    while pictures:
        try:
            change = store.add_product(
                item.product_id,
                pictures,
                name=item.name,
                description=item.description or "",
                attributes=item.attributes,
                turn=turn,
            )
        except PictureError as error:
            problems.append(str(error))
            pictures = [picture for picture in pictures if picture.name != error.name]
        else:
            return ImportRow(
                item.where,
                item.product_id,
                RowStatus.ADDED,
                tuple(problems),
                change.notes,
                _sentences(change),
            )
    problems.append(f"{item.where}: product {item.product_id} has no picture that can be read")
    return ImportRow(item.where, item.product_id, RowStatus.REFUSED, tuple(problems))


def _updated(
    store: CatalogStore,
    item: ImportItem,
    before: Product,
    pictures: list[ImageFile],
    problems: list[str],
    turn: BeforeCommit,
) -> ImportRow:
    have = {image.image_id for image in before.images}
    pictures = [picture for picture in pictures if _sha256(picture.data) not in have]
    # Checked before the pictures go in, so that a bad row changes nothing.
    attributes = None if item.attributes is None else dict(attribute_items(item.attributes))
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    while pictures:
        try:
            added = store.add_images(item.product_id, pictures, turn=turn)
            notes, findings = added.notes, _sentences(added)
            break
        except PictureError as error:
            problems.append(str(error))
            pictures = [picture for picture in pictures if picture.name != error.name]
    turn()
    after = store.update_product(
        item.product_id, name=item.name, description=item.description, attributes=attributes
    )
    changed = after.product.revision != before.revision
    status = RowStatus.UPDATED if changed else RowStatus.UNCHANGED
    notes = (*notes, *after.notes)
    return ImportRow(item.where, item.product_id, status, tuple(problems), notes, findings)


def _sentences(change: ChangeResult) -> tuple[str, ...]:
    return tuple(finding.sentence for finding in change.findings)


def _pictures(root: Path, paths: Sequence[PurePosixPath]) -> tuple[list[ImageFile], list[str]]:
    pictures: list[ImageFile] = []
    problems: list[str] = []
    for path in paths:
        try:
            pictures.append(ImageFile(str(path), _file(root / path)))
        except NotFound as error:
            problems.append(str(error))
    return pictures, problems


def _fetch_into(
    pictures: list[ImageFile],
    problems: list[str],
    addresses: Sequence[str],
    fetch: FetchImage | None,
) -> None:
    for address in addresses:
        if fetch is None:
            problems.append(f"{address} cannot be read here; give a path")
            continue
        try:
            pictures.append(ImageFile(address, fetch(address)))
        except CatalogError as error:
            said = str(error)
            problems.append(said if address in said else f"{address}: {said}")


def _file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise NotFound(f"there is no file {path}")
        if path.stat().st_size > LARGEST_FILE:
            raise NotFound(f"{path} is too large for a picture")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise NotFound(f"cannot read {path} ({error})") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def export_catalog(catalog: Catalog, directory: Path, on_progress: OnProgress | None = None) -> int:
    """Write a catalog's pictures and a `products.jsonl` that `import_path` takes back.

    The folder appears when it is complete.

    Args:
        catalog: what to write.
        directory: a folder that does not exist yet or is empty.
        on_progress: called with pictures done and pictures in all.

    Returns:
        The number of pictures written.

    Raises:
        AlreadyExists: the folder holds something.
        NotFound: a picture is missing in the storage.
        StorageUnavailable: the storage or the target's disk refused.
    """
    partial = directory.with_name(f".{directory.name}.{uuid4().hex}")
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise AlreadyExists(f"{directory} holds something already; give a new folder")
        try:
            partial.mkdir(parents=True)
            written = _exported(catalog, partial, on_progress)
            partial.replace(directory)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise StorageUnavailable(describe_os_error("write", directory, error)) from error
    return written


def _exported(catalog: Catalog, directory: Path, on_progress: OnProgress | None) -> int:
    total = sum(len(product.images) for product in catalog.products.values())
    done = 0
    with (directory / MANIFEST_NAMES[0]).open("w", encoding="utf-8") as manifest:
        for product in catalog.products.values():
            names = _file_names(product)
            (directory / product.product_id).mkdir()
            for image, name in zip(product.images, names, strict=True):
                (directory / name).write_bytes(catalog.picture(image.image_id))
                done += 1
                if on_progress:
                    on_progress(done, total)
            manifest.write(json.dumps(_line(product, names), ensure_ascii=False) + "\n")
    return done


def _line(product: Product, names: Sequence[PurePosixPath]) -> dict[str, object]:
    record = product_record(product)
    return {
        "product_id": product.product_id,
        "name": product.name,
        "description": product.description,
        "images": [str(name) for name in names],
        "attributes": record["attributes"],
    }


def _file_names(product: Product) -> list[PurePosixPath]:
    names: list[PurePosixPath] = []
    taken: set[str] = set()
    for number, image in enumerate(product.images, start=1):
        name = _file_name(image)
        if name.lower() in taken:  # also apart on disks that ignore case
            name = f"{number}-{name}"
        taken.add(name.lower())
        names.append(PurePosixPath(product.product_id, name))
    return names


def _file_name(image: ReferenceImage) -> str:
    """The file's own name as far as it is harmless, else its hash."""
    stem = _UNSAFE.sub("-", PurePosixPath(image.source_name).stem)[:_LONGEST_STEM].strip(".-_")
    return f"{stem if is_valid_id(stem) else image.image_id[:16]}.{image.extension}"
