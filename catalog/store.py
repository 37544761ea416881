"""One catalog that can be read and changed; several processes may do so at once."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from catalog.encodings.cache import EncodingCache
from catalog.encodings.encoders import CatalogEncoders, FindEncoder
from catalog.encodings.encoding import Encoder
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.encodings.store import EncodingStore
from catalog.errors import (
    AlreadyExists,
    CatalogError,
    Conflict,
    Invalid,
    NotFound,
    StorageUnavailable,
    VersionNotReached,
)
from catalog.ingest.feedback import FeedbackRecorder
from catalog.ingest.image_file import ImageFile
from catalog.ingest.ingest import IngestBatch, Ingestor
from catalog.ingest.quality import Issue, QualityRules
from catalog.ingest.upload import ImageUpload
from catalog.journal.commit_log import CommitLog, Decide, utc_now
from catalog.journal.entries import (
    CalibrationReset,
    CalibrationSet,
    JournalChange,
    ProductRemoved,
    ProductWritten,
)
from catalog.journal.projection import ReadableCopies
from catalog.journal.state import EMPTY_STATE, CatalogState, Lifecycle, replay
from catalog.migration import ModelMigration, OnProgress
from catalog.records.calibration import Calibration
from catalog.records.product import AttributeValue, Product, ReferenceImage
from catalog.records.validation import (
    attribute_items,
    changed_attributes,
    check_id,
    check_restorable,
    check_texts,
)
from catalog.search.index_cache import IndexCache
from catalog.snapshot import Catalog, CatalogSources
from catalog.storage.base import Storage

WAIT_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05


class CatalogReader:
    """Reads one catalog; safe to share between threads. All methods block.

    Every method raises `StorageUnavailable` when the storage refuses, and `NotFound` when the
    catalog was deleted.
    """

    def __init__(
        self,
        name: str,
        storage: Storage,
        encoder: Encoder,
        rules: QualityRules | None = None,
        shared: SharedEncodingCache | None = None,
        others: FindEncoder | None = None,
    ) -> None:
        """Take what the catalog is made of.

        Args:
            name: of the catalog.
            storage: it lies in.
            encoder: of its pictures.
            rules: on faults of pictures; all are told and none is refused when left out.
            shared: features that the processes of this machine share; None for nothing.
            others: gives encoders that were made for a catalog; None for none.
        """
        self._name = name
        self._encoders = CatalogEncoders(name, encoder, others)
        parts = EncodingStore(storage, name)
        encodings = EncodingCache(parts, shared=shared)
        self._index_cache = IndexCache(parts)
        self._commit_log = CommitLog(storage, name, self._index_cache)
        self._projections = ReadableCopies(storage, name)
        self._sources = CatalogSources(storage, self._index_cache, encodings, self._encoders)
        self._ingest = Ingestor(storage, name, self._encoders, encodings, rules or QualityRules())
        self.model = ModelMigration(name, storage, self._commit_log, self._ingest, self._encoders)
        self.feedback = FeedbackRecorder(name, storage, self._commit_log)
        self._lock = Lock()
        self._catalog: Catalog | None = None

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self._name

    @property
    def commit_log(self) -> CommitLog:
        """What commits to its journal."""
        return self._commit_log

    @property
    def is_current(self) -> bool:
        """Whether this process has the networks that encoded the catalog; else `reencode`."""
        return self._encoders.find(self.state().part_ids) is not None

    def state(self) -> CatalogState:
        """What the journal says now."""
        return self._alive(self._commit_log.state())

    def snapshot(self, *, min_version: int = 0, wait_seconds: float = WAIT_SECONDS) -> Catalog:
        """The catalog as the journal has it now; the same object while nothing changes.

        Args:
            min_version: an `index_version` that the caller knows of and wants to see.
            wait_seconds: how long to wait for it.

        Raises:
            Behind: it was not seen within the wait.
        """
        deadline = time.monotonic() + wait_seconds
        while (state := self.state()).sequence < min_version:
            if time.monotonic() >= deadline:
                raise VersionNotReached(
                    f"catalog {self._name} is at version {state.sequence}, not yet at "
                    f"{min_version}; try again"
                )
            time.sleep(_POLL_SECONDS)
        return self._snapshot_of(state)

    @property
    def written_version(self) -> int:
        """The `index_version` of the last change that this object made; 0 before the first."""
        return self._commit_log.written

    def latest(self) -> Catalog:
        """The catalog as this process read or wrote it last; asks the storage for nothing.

        Raises:
            NotFound: it was never read, or is deleted.
        """
        return self._snapshot_of(self._alive(self._commit_log.known))

    def _snapshot_of(self, state: CatalogState) -> Catalog:
        with self._lock:
            if self._catalog is None or self._catalog.index_version < state.sequence:
                self._catalog = Catalog(self._name, state, self._sources)
            if self._catalog.index_version == state.sequence:
                return self._catalog
            return Catalog(self._name, state, self._sources)

    def product(self, product_id: str) -> Product:
        """A live product.

        Raises:
            NotFound: there is none.
        """
        return self._live(self.state(), product_id)

    def at(self, index_version: int) -> Catalog:
        """The catalog as it was after some entry of its journal; reads the journal from the start.

        Raises:
            NotFound: there is no such version, or the catalog did not live then.
        """
        entries = self._commit_log.entries()
        state = replay(EMPTY_STATE, (one for one in entries if one.sequence <= index_version))
        if state.sequence != index_version:
            raise NotFound(f"catalog {self._name} has no version {index_version}")
        return Catalog(self._name, self._alive(state), self._sources)

    def close(self) -> None:
        """Wait for what still runs in the background."""
        self._index_cache.wait()

    def _alive(self, state: CatalogState) -> CatalogState:
        if state.life is not Lifecycle.LIVE:
            raise NotFound(f"there is no catalog {self._name}")
        return state

    def _live(self, state: CatalogState, product_id: str) -> Product:
        product = self._alive(state).products.get(product_id)
        if product is None:
            check_id(product_id, "product")
            raise self._missing(product_id)
        return product

    def _missing(self, product_id: str) -> NotFound:
        return NotFound(f"there is no product {product_id} in catalog {self._name}")


BeforeCommit = Callable[[], None]


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What a write did.

    Attributes:
        index_version: the catalog's afterwards.
        product: its record afterwards; for a removal the record that was removed.
        notes: sentences on what was ignored or is left to do.
        findings: what is wrong with the pictures that were taken in.
    """

    index_version: int
    product: Product
    notes: tuple[str, ...] = ()
    findings: tuple[Issue, ...] = ()


class CatalogChanger(CatalogReader):
    """Reads one catalog and changes what is said in it.

    When another writer was first, a change's preconditions are checked again on what that writer
    left.
    """

    def update_product(
        self,
        product_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        attributes: Mapping[str, AttributeValue] | None = None,
        attribute_changes: Mapping[str, AttributeValue | None] | None = None,
        if_revision: int | None = None,
    ) -> ChangeResult:
        """Change what is said of a product; what is left out stays.

        Args:
            product_id: which.
            name: the id when empty.
            description: free text.
            attributes: instead of all that it has.
            attribute_changes: single ones, made after that; None takes one away.
            if_revision: only if the product has this revision.

        Raises:
            NotFound: there is no such product.
            Conflict: it has another revision.
            Invalid: texts or attributes break a rule.
        """
        check_texts(name or "", description or "")
        items = None if attributes is None else attribute_items(attributes)
        at = utc_now()

        def updated(state: CatalogState) -> JournalChange | None:
            product = self._expected(state, product_id, if_revision)
            said = product.attributes if items is None else items
            after = replace(
                product,
                name=product.name if name is None else name or product_id,
                description=product.description if description is None else description,
                attributes=changed_attributes(said, attribute_changes or {}),
            )
            return None if after == product else ProductWritten(revised(after, at))

        return self._changed(product_id, updated)

    def remove_product(self, product_id: str, *, if_revision: int | None = None) -> ChangeResult:
        """Take a product out; it can be restored.

        Raises:
            NotFound: there is no such product.
            Conflict: it has another revision.
        """
        at = utc_now()

        def removed(state: CatalogState) -> JournalChange:
            return ProductRemoved(revised(self._expected(state, product_id, if_revision), at))

        return self._changed(product_id, removed)

    def restore_product(self, product_id: str) -> ChangeResult:
        """Bring a removed product back with everything it had.

        Raises:
            AlreadyExists: it was not removed.
            NotFound: there never was one, or it was removed more than `RESTORE_DAYS` ago.
            Conflict: the catalog was encoded by other networks since.
        """
        at = utc_now()

        def restored(state: CatalogState) -> JournalChange:
            gone = self._absent(self._encodable(state), product_id).removed.get(product_id)
            if gone is None:
                raise self._missing(product_id)
            check_restorable(gone, at)
            if state.part_ids != start.part_ids:
                raise Conflict(f"catalog {self._name} was switched to other networks; try again")
            if state.collected.since(start.sequence, (image.image_id for image in gone.images)):
                raise Conflict(f"the pictures of product {product_id} are being removed")
            return ProductWritten(revised(gone, at))

        # Networks may have been switched since it was removed: make what is missing.
        start = self._encodable(self.state())
        gone = start.removed.get(product_id)
        if gone is not None:
            check_restorable(gone, at)
            self.model.by(self._encoders.of(start.part_ids)).encode(gone.images)
        return self._changed(product_id, restored)

    def encode_missing(self, product_id: str) -> None:
        """Make features of a product's pictures that are missing or damaged in the storage.

        Raises:
            NotFound: there is no such product, or a picture is missing.
            PictureError: a picture is damaged.
            Conflict: the catalog was encoded by other networks.
        """
        state = self._encodable(self.state())
        change = self.model.by(self._encoders.of(state.part_ids))
        change.encode(self._live(state, product_id).images)

    def reencode(self, on_progress: OnProgress | None = None) -> int:
        """Encode every picture by the encoder's networks and switch the catalog to them.

        Features that are there already are kept, also those of an earlier run that was stopped.
        The catalog answers by the old networks until the last moment.

        Args:
            on_progress: called with pictures done and pictures in all.

        Returns:
            The catalog's `index_version` afterwards.

        Raises:
            PictureError: a stored picture is damaged.
            NotFound: a stored picture is missing.
        """
        return self.model.switch(on_progress)

    def calibrate(self, calibration: Calibration) -> int:
        """Decide like this from now on, in every process.

        Returns:
            The catalog's `index_version` afterwards.
        """

        def calibrated(state: CatalogState) -> JournalChange:
            self._alive(state)
            return CalibrationSet(calibration)

        return self._commit_log.commit(calibrated).state.sequence

    def reset_calibration(self, model_id: str) -> int:
        """Decide as shipped again by some networks; nothing changes when it does already.

        Returns:
            The catalog's `index_version` afterwards.
        """

        def reset(state: CatalogState) -> JournalChange | None:
            return (
                CalibrationReset(model_id) if model_id in self._alive(state).calibrations else None
            )

        return self._commit_log.commit(reset).state.sequence

    def _entered(
        self,
        product_id: str,
        intake: IngestBatch,
        start: CatalogState,
        turn: BeforeCommit | None = None,
    ) -> tuple[ImageUpload, tuple[Issue, ...]]:
        """Check pictures against the catalog and upload them."""
        findings = self._ingest.compare(product_id, intake, self._snapshot_of(start))
        upload = ImageUpload(self._ingest, intake, start)
        if turn is not None:
            turn()
            newest = self._snapshot_of(self._encodable(self.state()))
            findings = self._ingest.compare(product_id, intake, newest)
        return upload, (*intake.findings, *findings)

    def _changed(
        self,
        product_id: str,
        decide: Decide,
        notes: Sequence[str] = (),
        findings: tuple[Issue, ...] = (),
    ) -> ChangeResult:
        commit = self._commit_log.commit(decide)
        state = self._alive(commit.state)
        product = state.products.get(product_id) or state.removed[product_id]
        notes = (*notes, *self._after(state, product)) if commit.written else tuple(notes)
        return ChangeResult(state.sequence, product, notes, findings)

    def _after(self, state: CatalogState, product: Product) -> tuple[str, ...]:
        """What follows a commit; when it fails the change stands all the same."""
        # Whoever searches in this process too finds the change at once; and a snapshot object
        # only speeds up the next start.
        with suppress(CatalogError):
            if self._index_cache.is_used:
                self.latest().warm_up()
            self._commit_log.checkpoint()
        try:
            if product.product_id in state.products:
                self._projections.write(state.sequence, product)
            else:
                self._projections.remove(product.product_id)
        except StorageUnavailable as error:
            return (f"the change was made, but its readable copy was not written: {error}",)
        return ()

    def _encodable(self, state: CatalogState) -> CatalogState:
        """The state, if new encodings would fit those that it has."""
        self._encoders.of(self._alive(state).part_ids)
        return state

    def _absent(self, state: CatalogState, product_id: str) -> CatalogState:
        if product_id in self._alive(state).products:
            raise AlreadyExists(f"product {product_id} is in catalog {self._name} already")
        return state

    def _expected(self, state: CatalogState, product_id: str, revision: int | None) -> Product:
        """The live product, if it has the revision that the caller knows."""
        product = self._live(state, product_id)
        if revision is not None and product.revision != revision:
            raise Conflict(
                f"product {product_id} was changed meanwhile (revision {product.revision}, "
                f"expected {revision}); look at it and try again"
            )
        return product


def revised(product: Product, at: str) -> Product:
    """A product with its next revision."""
    return replace(product, revision=product.revision + 1, updated_at=at)


__all__ = ["BeforeCommit", "CatalogStore", "ChangeResult", "ImageFile", "OnProgress"]


class CatalogStore(CatalogChanger):
    """Reads and changes one catalog; safe to share between threads. All methods block.

    Pictures are uploaded first and then committed as one journal entry. Every method raises
    `StorageUnavailable` when the storage refuses, and `NotFound` when the catalog was deleted.
    """

    def add_product(
        self,
        product_id: str,
        pictures: Sequence[ImageFile],
        *,
        name: str | None = None,
        description: str = "",
        attributes: Mapping[str, AttributeValue] | None = None,
        turn: BeforeCommit | None = None,
    ) -> ChangeResult:
        """Add a product with its reference images; all of it or nothing.

        Args:
            product_id: its id.
            pictures: at least one; the same file twice is taken once, with a note.
            name: for people; the id when left out.
            description: free text.
            attributes: text, number or list of texts by name.
            turn: called before the commit; may wait for others that are to be first.

        Raises:
            AlreadyExists: there is such a product.
            Invalid: id, texts or attributes break a rule, or there is no picture.
            PictureError: a picture cannot be read.
            Conflict: the catalog was encoded by other networks.
        """
        check_id(product_id, "product")
        check_texts(name or "", description)
        items = attribute_items(attributes or {})
        if not pictures:
            raise Invalid(f"product {product_id} needs at least one picture")
        start = self._absent(self._encodable(self.state()), product_id)
        at = utc_now()
        intake = self._ingest.prepare(start.part_ids, pictures, (), at)
        upload, findings = self._entered(product_id, intake, start, turn)

        def added(state: CatalogState) -> JournalChange:
            before = self._absent(self._encodable(state), product_id).removed.get(product_id)
            upload.ensure(state)
            revision = before.revision + 1 if before else 1
            texts = (name or product_id, description)
            return ProductWritten(
                Product(product_id, *texts, items, intake.images, revision, at, at)
            )

        return self._changed(product_id, added, intake.notes, findings)

    def add_images(
        self,
        product_id: str,
        pictures: Sequence[ImageFile],
        *,
        if_revision: int | None = None,
        turn: BeforeCommit | None = None,
    ) -> ChangeResult:
        """Add reference images to a product; those it has already are ignored with a note.

        Args:
            product_id: which.
            pictures: to add.
            if_revision: only if the product has this revision.
            turn: as in `add_product`.

        Raises:
            NotFound: there is no such product.
            Conflict: it has another revision, or the catalog was encoded by other networks.
            PictureError: a picture cannot be read.
        """
        start = self._encodable(self.state())
        product = self._expected(start, product_id, if_revision)
        at = utc_now()
        intake = self._ingest.prepare(start.part_ids, pictures, product.images, at)
        upload, findings = self._entered(product_id, intake, start, turn)

        def extended(state: CatalogState) -> JournalChange | None:
            product = self._expected(self._encodable(state), product_id, if_revision)
            upload.ensure(state)
            images = _united(product.images, intake.images)
            if images == product.images:
                return None
            return ProductWritten(revised(replace(product, images=images), at))

        return self._changed(product_id, extended, intake.notes, findings)

    def replace_images(
        self, product_id: str, pictures: Sequence[ImageFile], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Give a product these reference images instead of those it has; all of it or nothing.

        Raises:
            NotFound: there is no such product.
            Conflict: it has another revision, or the catalog was encoded by other networks.
            Invalid: there is no picture.
            PictureError: a picture cannot be read.
        """
        if not pictures:
            raise Invalid(f"product {product_id} needs at least one picture")
        start = self._encodable(self.state())
        self._expected(start, product_id, if_revision)
        at = utc_now()
        intake = self._ingest.prepare(start.part_ids, pictures, (), at)
        upload, findings = self._entered(product_id, intake, start)

        def replaced(state: CatalogState) -> JournalChange | None:
            product = self._expected(self._encodable(state), product_id, if_revision)
            upload.ensure(state)
            had = {image.image_id: image for image in product.images}
            images = tuple(had.get(image.image_id, image) for image in intake.images)
            if images == product.images:
                return None
            return ProductWritten(revised(replace(product, images=images), at))

        return self._changed(product_id, replaced, intake.notes, findings)

    def remove_images(
        self, product_id: str, image_ids: Iterable[str], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Take reference images away from a product; the last one stays.

        Raises:
            NotFound: there is no such product, or it has no such image.
            Conflict: it has another revision.
            Invalid: no image would be left.
        """
        unwanted = set(image_ids)
        at = utc_now()

        def reduced(state: CatalogState) -> JournalChange | None:
            product = self._expected(state, product_id, if_revision)
            _check_has(product, unwanted)
            kept = tuple(image for image in product.images if image.image_id not in unwanted)
            if not kept:
                raise Invalid(
                    f"product {product_id} would be left without a picture; "
                    "remove the product instead"
                )
            if not unwanted:
                return None
            return ProductWritten(revised(replace(product, images=kept), at))

        return self._changed(product_id, reduced)


def _united(
    images: tuple[ReferenceImage, ...], more: tuple[ReferenceImage, ...]
) -> tuple[ReferenceImage, ...]:
    have = {image.image_id for image in images}
    return (*images, *(image for image in more if image.image_id not in have))


def _check_has(product: Product, image_ids: set[str]) -> None:
    missing = image_ids.difference(image.image_id for image in product.images)
    if missing:
        raise NotFound(f"product {product.product_id} has no picture {min(missing)}")
