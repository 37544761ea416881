"""Pictures that people dropped into `incoming/{product_id}/` become reference images."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from catalog.errors import CatalogError, Invalid, NotFound, PictureError, StorageUnavailable
from catalog.ingest.image_file import LARGEST_FILE, ImageFile
from catalog.ingest.rubbish import is_rubbish
from catalog.reconcile.report import Finding, FindingKind
from catalog.records.product import Product, is_valid_id
from catalog.records.validation import one_line, to_storable
from catalog.storage.base import INCOMING, Storage, StoredObject, check_key
from catalog.store import CatalogStore

# Pictures that are held in memory and committed together.
_MOST_AT_ONCE: Final = 32
_MOST_BYTES_AT_ONCE: Final = 200_000_000  # unless one alone has more
# Files that cannot be read before any other could; then it is the storage.
_MOST_UNREADABLE: Final = 3

FindCopy = Callable[[str], Product | None]


class Incoming:
    """Takes dropped pictures in, product by product.

    A file is deleted after its picture is in the catalog; one that cannot be read stays, and so
    does what `is_rubbish`.
    """

    def __init__(self, store: CatalogStore, storage: Storage) -> None:
        self._store = store
        self._storage = storage
        self._folder = f"{store.name}/{INCOMING}/"
        self._unreadable = 0
        self._has_read = False

    def listed(self) -> tuple[StoredObject, ...]:
        """Return what lies there.

        Raises:
            StorageUnavailable: the storage refused.
        """
        return self._storage.details(self._folder)

    def take_in(
        self, dropped: Sequence[StoredObject], written: FindCopy, *, dry_run: bool
    ) -> list[Finding]:
        """Take in what lies there.

        Args:
            dropped: from `listed`.
            written: name, description and attributes that somebody wrote by hand for a new product.
            dry_run: only report what would be done.

        Raises:
            StorageUnavailable: the storage refused.
        """
        findings: list[Finding] = []
        self._unreadable, self._has_read = 0, False
        for product_id, files in self._by_product(dropped, findings).items():
            for batch in _batches(files):
                findings += self._take(product_id, batch, written(product_id), dry_run=dry_run)
        return findings

    def _by_product(
        self, dropped: Sequence[StoredObject], findings: list[Finding]
    ) -> Mapping[str, list[StoredObject]]:
        products: dict[str, list[StoredObject]] = defaultdict(list)
        passed_over: Counter[str] = Counter()
        for stored in dropped:
            parts = stored.key.removeprefix(self._folder).split("/")
            if is_rubbish(parts):
                passed_over[parts[0] if len(parts) > 1 else ""] += 1
            elif len(parts) < 2 or not is_valid_id(parts[0]):
                sentence = f"is in no product's folder; use {self._folder}PRODUCT_ID/"
                findings.append(_problem(stored, sentence))
            elif stored.size > LARGEST_FILE:
                sentence = f"is too large for a picture ({stored.size:,} bytes)"
                findings.append(_problem(stored, sentence))
            elif _is_key(stored.key):
                products[parts[0]].append(stored)
            else:
                sentence = (
                    "has a name that cannot be taken in; rename it, without '//', '\\', tabs, "
                    "line breaks and dots in front"
                )
                findings.append(_problem(stored, sentence))
        findings += [self._passed_over(folder, count) for folder, count in passed_over.items()]
        return products

    def _passed_over(self, folder: str, count: int) -> Finding:
        place = one_line(f"{self._folder}{folder}").rstrip("/")
        files = "1 file" if count == 1 else f"{count} files"
        sentence = f"{files} of a file server, a system or a browser in {place}/ are passed over"
        return Finding(FindingKind.PASSED_OVER, place, sentence)

    def _take(
        self, product_id: str, files: list[StoredObject], written: Product | None, *, dry_run: bool
    ) -> list[Finding]:
        if dry_run:
            return [_taken(product_id, stored) for stored in files]
        findings: list[Finding] = []
        pictures = self._read(files, findings)
        while pictures:
            try:
                self._add(product_id, list(pictures.values()), written)
            except PictureError as error:
                bad = next(key for key, picture in pictures.items() if picture.name == error.name)
                sentence = one_line(str(error))
                findings.append(Finding(FindingKind.PROBLEM, one_line(bad.key), sentence))
                del pictures[bad]
            except StorageUnavailable:
                raise
            except CatalogError as error:
                sentence = f"{self._folder}{product_id}/ was not taken in: {error}"
                return [*findings, Finding(FindingKind.PROBLEM, product_id, sentence)]
            else:
                return [*findings, *(self._done(product_id, stored) for stored in pictures)]
        return findings

    def _read(
        self, files: Sequence[StoredObject], findings: list[Finding]
    ) -> dict[StoredObject, ImageFile]:
        pictures: dict[StoredObject, ImageFile] = {}
        for stored in files:
            try:
                data = self._storage.get(stored.key)
            except NotFound:
                continue  # taken away, or taken in by another process
            except StorageUnavailable as error:
                # One that belongs to somebody else, or lies in an archive, stops no others.
                self._unreadable += 1
                if self._unreadable >= _MOST_UNREADABLE and not self._has_read:
                    raise
                findings.append(_problem(stored, f"was not taken in: {error}"))
                continue
            self._has_read = True
            name = to_storable(stored.key.removeprefix(self._folder))
            pictures[stored] = ImageFile(name, data)
        return pictures

    def _add(self, product_id: str, pictures: Sequence[ImageFile], written: Product | None) -> None:
        if product_id in self._store.state().products:
            self._store.add_images(product_id, pictures)
        elif written is None:
            self._store.add_product(product_id, pictures)
        else:
            self._store.add_product(
                product_id,
                pictures,
                name=written.name,
                description=written.description,
                attributes=dict(written.attributes),
            )

    def _done(self, product_id: str, stored: StoredObject) -> Finding:
        try:
            if self._storage.modified(stored.key) <= stored.modified:  # else it is a newer one
                self._storage.delete(stored.key)
        except NotFound:
            pass
        except StorageUnavailable as error:
            sentence = f"is in product {product_id}, but cannot be taken away: {error}"
            return _problem(stored, sentence)
        return _taken(product_id, stored)


def _is_key(key: str) -> bool:
    try:
        check_key(key)
    except Invalid:
        return False
    return True


def _batches(files: Sequence[StoredObject]) -> Iterator[list[StoredObject]]:
    batch: list[StoredObject] = []
    for stored in files:
        size = sum(other.size for other in batch) + stored.size
        if batch and (len(batch) == _MOST_AT_ONCE or size > _MOST_BYTES_AT_ONCE):
            yield batch
            batch = []
        batch.append(stored)
    if batch:
        yield batch


def _problem(stored: StoredObject, sentence: str) -> Finding:
    key = one_line(stored.key)
    return Finding(FindingKind.PROBLEM, key, f"{key} {one_line(sentence)}")


def _taken(product_id: str, stored: StoredObject) -> Finding:
    key = one_line(stored.key)
    sentence = f"{key} becomes a reference image of product {product_id}"
    return Finding(FindingKind.TAKEN_IN, key, sentence)
