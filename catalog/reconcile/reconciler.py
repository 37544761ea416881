"""Brings a catalog and what people did to its storage together, and reports the differences.

Nothing counts as deleted because of a listing alone, and a mass disappearance is withheld until it
is confirmed: an empty listing is more often a fault than intended.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

from catalog.errors import CatalogError, Conflict, NotFound, StorageUnavailable
from catalog.ingest.image_file import ImageFile
from catalog.ingest.rubbish import is_rubbish
from catalog.journal.commit_log import utc_now
from catalog.journal.journal import Journal
from catalog.journal.projection import ReadableCopies, ReadableCopy
from catalog.journal.state import CatalogState
from catalog.reconcile.backgrounds import BackgroundCheck
from catalog.reconcile.hand_edits import HandEdits
from catalog.reconcile.incoming import Incoming
from catalog.reconcile.last_run import LastRun, SeenCopy, SeenOrphan, load_last_run, save_last_run
from catalog.reconcile.missing import ImageCheck, check_images, images_among, products_with
from catalog.reconcile.orphans import GRACE_SECONDS, OrphanCollector, ReferencedObjects, is_ours
from catalog.reconcile.report import Finding, FindingKind, Report
from catalog.records.product import Product, is_valid_id
from catalog.records.validation import one_line
from catalog.storage.base import Storage, StoredObject
from catalog.store import CatalogStore

# So many products that are lost at once, or so large a share, are taken for a deletion; more than
# both for a fault until confirmed.
MOST_LOST: Final = 10
MOST_LOST_SHARE: Final = 0.1
# Requests at a time: a bucket answers each after milliseconds.
_READERS: Final = 8


class Reconciler:
    """Compares one catalog with its storage. Methods block and raise `StorageUnavailable`."""

    def __init__(
        self,
        store: CatalogStore,
        storage: Storage,
        *,
        grace_seconds: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the catalog.

        Args:
            store: the catalog.
            storage: where it lies.
            grace_seconds: how long an orphan is left alone.
            clock: seconds since the epoch.
        """
        self._store = store
        self._storage = storage
        self._copies = ReadableCopies(storage, store.name)
        self._edits = HandEdits(store, Journal(storage, store.name), self._copies)
        self._incoming = Incoming(store, storage)
        self._backgrounds = BackgroundCheck(store)
        self._orphans = OrphanCollector(
            storage, store.commit_log, grace_seconds=grace_seconds, clock=clock
        )

    def sync(self, *, dry_run: bool = False) -> Report:
        """Take in what people dropped into `incoming/` and edited under `products/`.

        Deletions are left to `reconcile`.

        Args:
            dry_run: only report what would be done.

        Raises:
            MissingEntry: an entry of the journal is gone; nothing was written or removed.
        """
        self._check_writable(dry_run=dry_run)
        last_run = load_last_run(self._storage, self._store.name)
        dropped = self._incoming.listed()
        copies = self._copies.listed()
        findings = self._taken_in(dropped, copies, dry_run=dry_run)
        findings += self._edited(copies, last_run, dry_run=dry_run)[0]
        return self._report(findings, len(dropped) + len(copies))

    def reconcile(self, *, dry_run: bool = False, accept_loss: bool = False) -> Report:
        """Do what `sync` does, take deletions in, and collect orphans.

        Args:
            dry_run: only report what would be done.
            accept_loss: a mass disappearance is meant.

        Raises:
            MissingEntry: an entry of the journal is gone; nothing was written or removed.
        """
        self._check_writable(dry_run=dry_run)
        last_run = load_last_run(self._storage, self._store.name)
        dropped = self._incoming.listed()
        copies = self._copies.listed()
        findings = self._taken_in(dropped, copies, dry_run=dry_run)
        edits, seen = self._edited(copies, last_run, dry_run=dry_run)
        findings += edits
        listed = self._listed("images")
        # The state is read after the listing, so everything that it refers to was there to see.
        state = self._store.state()
        pictures = check_images(self._storage, self._store.name, state, listed, last_run.pictures)
        absent = self._absent(copies, last_run, state)
        findings += self._lost(state, absent, pictures, dry_run=dry_run, accept_loss=accept_loss)
        features = self._listed("features")
        findings += self._unencoded(state, features, dry_run=dry_run)
        marked, looked = self._backgrounds.run(last_run.looked, dry_run=dry_run)
        findings += marked
        objects = [*listed, *features, *self._listed("feedback")]
        collected, orphans = self._collected(objects, last_run, dry_run=dry_run)
        findings += collected
        if not dry_run:
            # A deletion that was withheld is to be known as one the next time, too.
            deleted = (p.product_id for p, by_hand in absent.items() if by_hand)
            seen.update({product_id: last_run.copies[product_id] for product_id in deleted})
            run = LastRun(seen, pictures.whole, orphans, looked)
            save_last_run(self._storage, self._store.name, run)
        count = len(dropped) + len(state.products) + len(pictures.missing) + len(objects)
        return self._report(findings, count)

    def mark_backgrounds(self) -> list[Finding]:
        """Look for background as `reconcile` does; quick where nothing changed."""
        last_run = load_last_run(self._storage, self._store.name)
        findings, looked = self._backgrounds.run(last_run.looked, dry_run=False)
        if looked != last_run.looked:
            save_last_run(self._storage, self._store.name, replace(last_run, looked=looked))
        return findings

    def _check_writable(self, *, dry_run: bool) -> None:
        """Refuse to bring the storage in line with a catalog that lost what came later."""
        if not dry_run:
            self._store.commit_log.check_writable()

    def _taken_in(
        self, dropped: Sequence[StoredObject], copies: Mapping[str, StoredObject], *, dry_run: bool
    ) -> list[Finding]:
        def written(product_id: str) -> Product | None:
            copy = self._copy(product_id) if product_id in copies else None
            return copy.product if copy else None

        return self._incoming.take_in(dropped, written, dry_run=dry_run)

    def _edited(
        self, copies: Mapping[str, StoredObject], last_run: LastRun, *, dry_run: bool
    ) -> tuple[list[Finding], dict[str, SeenCopy]]:
        """Return what became of the copies, and which were found as they should be."""
        findings: list[Finding] = []
        seen: dict[str, SeenCopy] = {}
        state = self._store.state()
        for product_id, stored in copies.items():
            product = state.products.get(product_id)
            known = last_run.copies.get(product_id)
            if product and known and known == SeenCopy(product.revision, stored.tag):
                seen[product_id] = known
                continue
            found = self._settled(product_id, product, state, dry_run=dry_run)
            findings += found
            if product is not None and not found:
                seen[product_id] = SeenCopy(product.revision, stored.tag)
        return findings, seen

    def _settled(
        self, product_id: str, product: Product | None, state: CatalogState, *, dry_run: bool
    ) -> list[Finding]:
        try:
            copy = self._copies.read(product_id) if is_valid_id(product_id) else None
        except NotFound:
            return []  # deleted since it was listed; the next pass sees that
        except StorageUnavailable:
            raise
        except CatalogError as error:
            return [Finding(FindingKind.PROBLEM, product_id, str(error))]
        if copy is not None and product is not None:
            return self._edits.settle(copy, product, dry_run=dry_run)
        if copy is not None and product_id in state.removed and not copy.is_edited:
            if not dry_run:
                self._copies.remove(product_id)
            sentence = f"the readable copy of removed product {product_id} is taken away"
            return [Finding(FindingKind.MENDED, product_id, sentence)]
        sentence = (
            f"products/{product_id}.json is of no product in the catalog; "
            f"drop pictures into incoming/{product_id}/ to add it, or delete the file"
        )
        return [Finding(FindingKind.PROBLEM, product_id, sentence)]

    def _copy(self, product_id: str) -> ReadableCopy | None:
        try:
            return self._copies.read(product_id)
        except StorageUnavailable:
            raise
        except CatalogError:
            return None

    def _absent(
        self, copies: Mapping[str, StoredObject], last_run: LastRun, state: CatalogState
    ) -> dict[Product, bool]:
        """Return live products whose copy is not there, and whether somebody deleted it.

        Only a copy that was seen in the product's present revision can have been deleted; any
        other was perhaps never written.
        """
        unlisted = [p for product_id, p in state.products.items() if product_id not in copies]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="copies") as pool:
            gone = pool.map(self._is_absent, unlisted)
            absent = [p for p, is_gone in zip(unlisted, gone, strict=True) if is_gone]
        seen = {product_id: copy.revision for product_id, copy in last_run.copies.items()}
        return {product: seen.get(product.product_id) == product.revision for product in absent}

    def _is_absent(self, product: Product) -> bool:
        try:
            self._copies.read(product.product_id)
        except NotFound:
            return True
        except StorageUnavailable:
            raise
        except CatalogError:
            pass
        return False

    def _lost(
        self,
        state: CatalogState,
        absent: Mapping[Product, bool],
        pictures: ImageCheck,
        *,
        dry_run: bool,
        accept_loss: bool,
    ) -> list[Finding]:
        deleted = {p.product_id: p for p, by_hand in absent.items() if by_hand}
        without = products_with(state.products.values(), pictures.missing)
        gone = {**deleted, **{p.product_id: p for p in without}}
        if is_mass_loss(len(gone), len(state.products)) and not accept_loss:
            sentence = (
                f"{len(gone)} of {len(state.products)} products have lost pictures or copies at "
                "once; nothing is removed until you confirm it with --accept-loss"
            )
            return [Finding(FindingKind.HELD_BACK, product_id, sentence) for product_id in gone]
        findings: list[Finding] = []
        for product, by_hand in absent.items():
            if not by_hand:
                why = "is missing"
                findings += self._edits.rewrite(product.product_id, why, dry_run=dry_run)
        for product in gone.values():
            whole = product.product_id in deleted
            findings += self._taken_out(product, pictures, whole=whole, dry_run=dry_run)
        findings += [_hidden(image_id) for image_id in sorted(pictures.hidden)]
        return findings + self._replaced(state, pictures, dry_run=dry_run)

    def _taken_out(
        self, product: Product, pictures: ImageCheck, *, whole: bool, dry_run: bool
    ) -> list[Finding]:
        unwanted = images_among(product, pictures.missing)
        whole = whole or len(unwanted) == len(product.images)
        try:
            if not dry_run and whole:
                self._store.remove_product(product.product_id, if_revision=product.revision)
            elif not dry_run:
                self._store.remove_images(
                    product.product_id,
                    [image.image_id for image in unwanted],
                    if_revision=product.revision,
                )
        except (Conflict, NotFound) as error:
            return [Finding(FindingKind.PROBLEM, product.product_id, str(error))]
        what = (
            "was deleted by hand and is removed"
            if whole
            else (f"lost {len(unwanted)} of its pictures by hand, which are removed")
        )
        return [
            Finding(FindingKind.REMOVED, product.product_id, f"product {product.product_id} {what}")
        ]

    def _unencoded(
        self, state: CatalogState, features: Sequence[StoredObject], *, dry_run: bool
    ) -> list[Finding]:
        """Make features that were deleted by hand again."""
        there = {stored.key for stored in features}
        folders = [f"{self._store.name}/features/{part}" for part in state.part_ids.folders]
        findings: list[Finding] = []
        for product in state.products.values():
            names = [f"{image.encoding_id}.safetensors" for image in product.images]
            if all(f"{folder}/{name}" in there for folder in folders for name in names):
                continue
            try:
                if not dry_run:
                    self._store.migration.encode_missing(product.product_id)
            except StorageUnavailable:
                raise
            except CatalogError as error:
                findings.append(Finding(FindingKind.PROBLEM, product.product_id, str(error)))
            else:
                sentence = f"features of product {product.product_id} were missing and are made"
                findings.append(Finding(FindingKind.MENDED, product.product_id, sentence))
        return findings

    def _replaced(
        self, state: CatalogState, pictures: ImageCheck, *, dry_run: bool
    ) -> list[Finding]:
        findings: list[Finding] = []
        for product in products_with(state.products.values(), frozenset(pictures.replaced)):
            for image in images_among(product, frozenset(pictures.replaced)):
                named = ImageFile(image.source_name, pictures.replaced[image.image_id])
                try:
                    if not dry_run:
                        self._store.add_images(product.product_id, [named])
                        self._store.remove_images(product.product_id, [image.image_id])
                except StorageUnavailable:
                    raise
                except CatalogError as error:
                    sentence = f"picture {image.image_id} of {product.product_id}: {error}"
                    findings.append(Finding(FindingKind.PROBLEM, product.product_id, sentence))
                else:
                    sentence = (
                        f"a picture of product {product.product_id} was replaced by hand; "
                        "the new one is taken in"
                    )
                    findings.append(Finding(FindingKind.TAKEN_IN, product.product_id, sentence))
        return findings

    def _collected(
        self, objects: Sequence[StoredObject], last_run: LastRun, *, dry_run: bool
    ) -> tuple[list[Finding], dict[str, SeenOrphan]]:
        referenced = ReferencedObjects.by(self._store.state(), utc_now())
        seen = self._orphans.seen(objects, referenced, last_run.orphans)
        due = self._orphans.due({s: o for s, o in seen.items() if s.key in last_run.orphans})
        removed = set(due if dry_run else self._orphans.collect(due))
        findings = [_orphan(stored, removed=stored in removed) for stored in seen]
        findings += [_foreign(stored) for stored in objects if not is_ours(stored.key)]
        return findings, {o.key: orphan for o, orphan in seen.items() if o not in removed}

    def _listed(self, folder: str) -> tuple[StoredObject, ...]:
        """Return what lies there; what systems and file servers left is nobody's."""
        found = self._storage.details(f"{self._store.name}/{folder}/")
        return tuple(stored for stored in found if not is_rubbish(stored.key.split("/")[2:]))

    def _report(self, findings: Sequence[Finding], objects: int) -> Report:
        return Report(tuple(findings), objects, self._store.state().sequence)


def _orphan(stored: StoredObject, *, removed: bool) -> Finding:
    if removed:
        sentence = f"{stored.key} belongs to nothing and is removed"
        return Finding(FindingKind.COLLECTED, stored.key, sentence)
    return Finding(
        FindingKind.WAITING, stored.key, f"{stored.key} belongs to nothing; left for now"
    )


def _foreign(stored: StoredObject) -> Finding:
    key = one_line(stored.key)
    sentence = f"{key} is nothing that skulens put there; it is left alone"
    return Finding(FindingKind.PASSED_OVER, key, sentence)


def _hidden(image_id: str) -> Finding:
    sentence = f"a listing left out picture {image_id}, which is there; look after the storage"
    return Finding(FindingKind.PROBLEM, image_id, sentence)


def is_mass_loss(lost_products: int, products: int) -> bool:
    """Return whether so many products disappear at once that it may be a fault."""
    return lost_products > MOST_LOST and lost_products > MOST_LOST_SHARE * products
