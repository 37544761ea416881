"""Imports many products at once."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path, PurePosixPath
from threading import Condition
from typing import Final

from catalog.errors import AlreadyExists, CatalogError, Conflict, Invalid, NotFound, PictureError
from catalog.ingest.image_file import LARGEST_FILE, ImageFile
from catalog.migration import OnProgress
from catalog.records.product import Product
from catalog.records.validation import attribute_items, check_id, one_line, to_storable
from catalog.store import BeforeCommit, CatalogStore, ChangeResult
from catalog.transfer.archive import UnpackBounds, unpack_archive
from catalog.transfer.manifest import ImportItem, ImportManifest, read_manifest
from catalog.transfer.places import FileFinder

FetchImage = Callable[[str], bytes]

# Products taken in at a time: one is encoded while another is read, uploaded and committed.
_AT_ONCE: Final = 4


class RowStatus(StrEnum):
    """Outcomes of one product of an import."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """The outcome of one product of an import.

    Attributes:
        where: "folder oat-milk", "row 3 of products.csv".
        product_id: as it was written there.
        status: of the product.
        problems: sentences on what was refused: the product, or some of its pictures.
        notes: sentences on what was ignored.
        issues: sentences on what is wrong with pictures that were taken in.
    """

    where: str
    product_id: str
    status: RowStatus
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import.

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
        """Return how many products have that status."""
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
def open_manifest(path: Path, bounds: UnpackBounds | None = None) -> Iterator[ImportManifest]:
    """Yield what a path offers, while the block runs; no picture is decoded.

    Args:
        path: a folder with one folder per product (which may hold a `products.jsonl` or
            `products.csv`), a manifest, or a zip of either.
        bounds: of a zip.

    Raises:
        NotFound: there is nothing at that path.
        Invalid: it offers no products, or is a zip that cannot be trusted.
        StorageUnavailable: it cannot be read.
    """
    if path.suffix.lower() == ".zip" and path.is_file():
        with unpack_archive(path, bounds) as folder:
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
    if not store.has_encoder:
        raise Conflict(
            f"catalog {store.name} was encoded by other networks; before an import "
            f"encode it again with: skulens catalog model {store.name} --switch"
        )
    total = sum(_size(item) for item in manifest.items)
    done = 0
    rows: list[ImportRow] = []
    files = FileFinder(manifest.root)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="import") as pool:
        queue = _Queue()
        pending = [
            pool.submit(_in_turn, queue, place, partial(_row, store, files, item, fetch))
            for place, item in enumerate(manifest.items)
        ]
        try:
            for item, row in zip(manifest.items, pending, strict=True):
                rows.append(_shown(row.result()))
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
        """Wait until all before this place are done; those are running or done, so it ends."""
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


def _shown(row: ImportRow) -> ImportRow:
    """Return a row whose sentences are lines, whatever names and values they quote."""
    texts = (row.problems, row.notes, row.issues)
    problems, notes, issues = (tuple(map(one_line, sentences)) for sentences in texts)
    return replace(row, problems=problems, notes=notes, issues=issues)


def _size(item: ImportItem) -> int:
    return len(item.pictures) + len(item.addresses)


def _row(
    store: CatalogStore,
    files: FileFinder,
    item: ImportItem,
    fetch: FetchImage | None,
    before_commit: BeforeCommit,
) -> ImportRow:
    if item.problem:
        return ImportRow(item.where, item.product_id, RowStatus.REFUSED, (item.problem,))
    try:
        check_id(item.product_id, "product")
        return _taken_in(store, files, item, fetch, before_commit)
    except (Invalid, AlreadyExists, Conflict, NotFound) as error:
        problem = f"{item.where}: {error}"
        return ImportRow(item.where, item.product_id, RowStatus.REFUSED, (problem,))


def _taken_in(
    store: CatalogStore,
    files: FileFinder,
    item: ImportItem,
    fetch: FetchImage | None,
    before_commit: BeforeCommit,
) -> ImportRow:
    pictures, problems = _pictures(files, item)
    _fetch_into(pictures, problems, item, fetch)
    before = store.state().products.get(item.product_id)
    if before is None:
        return _added(store, item, pictures, problems, before_commit)
    return _updated(store, item, before, pictures, problems, before_commit)


def _added(
    store: CatalogStore,
    item: ImportItem,
    pictures: list[ImageFile],
    problems: list[str],
    before_commit: BeforeCommit,
) -> ImportRow:
    add = partial(
        store.add_product,
        item.product_id,
        name=item.name,
        description=item.description or "",
        attributes=item.attributes,
        before_commit=before_commit,
    )
    change = _without_unreadable(pictures, problems, add)
    if change is None:
        problem = f"{item.where}: product {item.product_id} has no picture that can be read"
        problems.append(problem)
        return ImportRow(item.where, item.product_id, RowStatus.REFUSED, tuple(problems))
    outcome = (RowStatus.ADDED, tuple(problems), change.notes, _sentences(change))
    return ImportRow(item.where, item.product_id, *outcome)


def _updated(
    store: CatalogStore,
    item: ImportItem,
    before: Product,
    pictures: list[ImageFile],
    problems: list[str],
    before_commit: BeforeCommit,
) -> ImportRow:
    have = {image.image_id for image in before.images}
    pictures = [picture for picture in pictures if _sha256(picture.data) not in have]
    # Checked before the pictures go in, so that a bad row changes nothing.
    attributes = None if item.attributes is None else dict(attribute_items(item.attributes))
    add = partial(store.add_images, item.product_id, before_commit=before_commit)
    added = _without_unreadable(pictures, problems, add)
    before_commit()
    after = store.update_product(
        item.product_id, name=item.name, description=item.description, attributes=attributes
    )
    changed = after.product.revision != before.revision
    status = RowStatus.UPDATED if changed else RowStatus.UNCHANGED
    notes, issues = (added.notes, _sentences(added)) if added else ((), ())
    outcome = (status, tuple(problems), (*notes, *after.notes), issues)
    return ImportRow(item.where, item.product_id, *outcome)


def _without_unreadable(
    pictures: list[ImageFile], problems: list[str], add: Callable[[list[ImageFile]], ChangeResult]
) -> ChangeResult | None:
    """Add pictures but those that are refused; None when none is left."""
    while pictures:
        try:
            return add(pictures)
        except PictureError as error:
            problems.append(str(error))
            pictures = [picture for picture in pictures if picture.name != error.name]
    return None


def _sentences(change: ChangeResult) -> tuple[str, ...]:
    return tuple(issue.sentence for issue in change.issues)


def _pictures(files: FileFinder, item: ImportItem) -> tuple[list[ImageFile], list[str]]:
    pictures: list[ImageFile] = []
    problems: list[str] = []
    for path in item.pictures:
        try:
            choice = item.keep.get(str(path))
            pictures.append(ImageFile(to_storable(str(path)), _file(files, path), choice))
        except NotFound as error:
            problems.append(str(error))
    return pictures, problems


def _fetch_into(
    pictures: list[ImageFile],
    problems: list[str],
    item: ImportItem,
    fetch: FetchImage | None,
) -> None:
    for address in item.addresses:
        if fetch is None:
            problems.append(f"{address} cannot be read here; give a path")
            continue
        try:
            pictures.append(ImageFile(to_storable(address), fetch(address), item.keep.get(address)))
        except CatalogError as error:
            reason = str(error)
            problems.append(reason if address in reason else f"{address}: {reason}")


def _file(files: FileFinder, name: PurePosixPath) -> bytes:
    path = files.root / name
    try:
        path = files.find(name)
        if path.stat().st_size > LARGEST_FILE:
            raise NotFound(f"{path} is too large for a picture")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise NotFound(f"cannot read {path} ({error})") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
