"""One catalog that can be read and changed; several processes may do so at once."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from catalog.encodings.cache import EncodingCache
from catalog.encodings.encoders import CatalogEncoders, FindEncoder
from catalog.encodings.encoding import Encoder
from catalog.encodings.shared_cache import SharedEncodingCache
from catalog.encodings.store import EncodingStore
from catalog.errors import CatalogError, Invalid, NotFound, StorageUnavailable, VersionNotReached
from catalog.ingest.background import BackgroundSearch
from catalog.ingest.feedback import FeedbackRecorder
from catalog.ingest.image_file import ImageFile
from catalog.ingest.ingest import IngestBatch, Ingestor
from catalog.ingest.outline import KeptImage
from catalog.ingest.quality import Issue, QualityRules
from catalog.journal import edits
from catalog.journal.commit_log import Commit, CommitLog, Decide, utc_now
from catalog.journal.entries import CalibrationReset, CalibrationSet, JournalChange
from catalog.journal.projection import ReadableCopies
from catalog.journal.state import CatalogState, replay
from catalog.migration import ModelMigration, describe_renewal
from catalog.records.calibration import Calibration
from catalog.records.kept import KeptChoice
from catalog.records.product import AttributeValue, Product
from catalog.records.validation import attribute_items, check_id, check_restorable, check_texts
from catalog.search.index_cache import IndexCache
from catalog.search.keypoints.base_file import KeypointFiles
from catalog.search.keypoints.keypoint_cache import KeypointIndexCache
from catalog.search.printed_texts import PrintedTextCache
from catalog.snapshot import Catalog, CatalogSources, Snapshots
from catalog.storage.base import Storage

# How long a reader waits for a version that it knows of, and how often it looks.
WAIT_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.05

BeforeCommit = Callable[[], None]
"""Called before a commit; an importer waits in it, to keep its order."""


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The result of a write.

    Attributes:
        index_version: the catalog's afterwards.
        product: its record afterwards; for a removal the record that was removed.
        notes: sentences on what was ignored or is left to do.
        issues: of the pictures that were taken in.
        kept: the part that is kept of each of these.
    """

    index_version: int
    product: Product
    notes: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()
    kept: tuple[KeptImage, ...] = ()


class CatalogStore:
    """Reads and changes one catalog; safe to share between threads. All methods block.

    Pictures are uploaded first and then committed as one journal entry. When another writer was
    first, a change's preconditions are checked again on what that writer left.

    Every method raises `StorageUnavailable` when the storage refuses, and `NotFound` when the
    catalog was deleted. A change of a product raises `NotFound` when there is none, and `Conflict`
    when it has another revision than `if_revision`. A change that brings pictures raises
    `PictureError` for one that cannot be read, and `Conflict` when the catalog was encoded by other
    networks.

    Attributes:
        migration: changes the networks that the catalog is encoded by.
        feedback: records what people say of answers.
    """

    def __init__(
        self,
        name: str,
        storage: Storage,
        encoder: Encoder,
        rules: QualityRules | None = None,
        shared: SharedEncodingCache | None = None,
        others: FindEncoder | None = None,
        keypoint_files: KeypointFiles | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            name: of the catalog.
            storage: it lies in.
            encoder: of its pictures.
            rules: on issues of pictures; all are reported and none is refused when left out.
            shared: encodings that the processes of this machine share; None for none.
            others: finds encoders fine-tuned for a catalog; None if there are none.
            keypoint_files: indices of keypoints that the processes of this machine share; None
                for none.
        """
        encodings = EncodingStore(storage, name)
        cache = EncodingCache(encodings, shared=shared)
        self._name = name
        self._encoders = CatalogEncoders(name, encoder, others)
        self._index_cache = IndexCache(encodings)
        self._log = CommitLog(storage, name, self._index_cache)
        self._copies = ReadableCopies(storage, name)
        self._keypoints = KeypointIndexCache(encodings, keypoint_files)
        sources = CatalogSources(
            storage,
            self._index_cache,
            self._keypoints,
            cache,
            self._encoders,
            PrintedTextCache(encodings),
        )
        self._snapshots = Snapshots(sources)
        self._ingestor = Ingestor(storage, name, self._encoders, cache, rules or QualityRules())
        self.migration = ModelMigration(name, storage, self._log, self._ingestor, self._encoders)
        self.feedback = FeedbackRecorder(name, storage, self._log)

    @property
    def name(self) -> str:
        """The catalog's name."""
        return self._name

    @property
    def commit_log(self) -> CommitLog:
        """The log that commits to its journal."""
        return self._log

    @property
    def has_encoder(self) -> bool:
        """Whether this process has the networks that encoded the catalog; if not, migrate it."""
        return self._encoders.find(self.state().part_ids) is not None

    @property
    def written_version(self) -> int:
        """The `index_version` of the last change that this object made; 0 before the first."""
        return self._log.last_written

    @property
    def fault(self) -> str:
        """Why the newest state cannot be read and nothing can be written; empty for nothing."""
        return self._log.fault

    def state(self) -> CatalogState:
        """Return what the journal says now."""
        return self._log.state().live()

    def snapshot(self, *, min_version: int = 0, wait_seconds: float = WAIT_SECONDS) -> Catalog:
        """Return the catalog as the journal has it now; the same object while nothing changes.

        Args:
            min_version: an `index_version` that the caller knows of and wants to see.
            wait_seconds: how long to wait for it.

        Raises:
            VersionNotReached: it was not seen within the wait.
        """
        deadline = time.monotonic() + wait_seconds
        while (state := self.state()).sequence < min_version:
            if time.monotonic() >= deadline:
                raise VersionNotReached(
                    f"catalog {self._name} is at version {state.sequence}, not yet at "
                    f"{min_version}; try again"
                )
            time.sleep(_POLL_SECONDS)
        return self._snapshots.of(state)

    def latest(self) -> Catalog:
        """Return the catalog as this process saw it last; asks the storage for nothing.

        Raises:
            NotFound: it was never read, or is deleted.
        """
        return self._snapshots.of(self._log.last_seen.live())

    def at(self, index_version: int) -> Catalog:
        """Return the catalog as an entry of its journal left it; reads the journal from the start.

        Raises:
            NotFound: there is no such version, or the catalog did not live then.
            MissingEntry: an entry up to it is missing.
        """
        entries = islice(self._log.entries(), index_version)  # they count from 1, without a gap
        state = replay(CatalogState(self._name), entries)
        if state.sequence != index_version:
            raise NotFound(f"catalog {self._name} has no version {index_version}")
        return self._snapshots.of(state.live())

    def product(self, product_id: str) -> Product:
        """Return a live product."""
        return self.state().product(product_id)

    def close(self) -> None:
        """Wait for what still runs in the background."""
        self._index_cache.wait()
        self._keypoints.wait()

    def add_product(
        self,
        product_id: str,
        pictures: Sequence[ImageFile],
        *,
        name: str | None = None,
        description: str = "",
        attributes: Mapping[str, AttributeValue] | None = None,
        before_commit: BeforeCommit | None = None,
    ) -> ChangeResult:
        """Add a product with its reference images; all of it or nothing.

        Args:
            product_id: its id.
            pictures: at least one; the same file twice is taken once, with a note.
            name: for people; the id when left out.
            description: free text.
            attributes: text, number or list of texts by name.
            before_commit: called when all is uploaded.

        Raises:
            AlreadyExists: there is such a product.
            Invalid: id, texts or attributes break a rule, or there is no picture.
        """
        check_id(product_id, "product")
        check_texts(name or "", description)
        items = attribute_items(attributes or {})
        _check_some(product_id, pictures)
        start = self._encodable_state()
        start.absent(product_id)
        at = utc_now()
        search = None if before_commit else self._quick_search(start)
        batch = self._ingestor.prepare(start, product_id, pictures, (), at, search)
        texts = (name or product_id, description)
        product = Product(product_id, *texts, items, batch.images, 1, at, at)
        return self._commit_images(product_id, batch, start, edits.add(product), before_commit)

    def add_images(
        self,
        product_id: str,
        pictures: Sequence[ImageFile],
        *,
        if_revision: int | None = None,
        before_commit: BeforeCommit | None = None,
    ) -> ChangeResult:
        """Add reference images to a product; those it has already are ignored with a note."""
        start = self._encodable_state()
        existing = start.expect(product_id, if_revision).images
        at = utc_now()
        search = None if before_commit else self._quick_search(start)
        batch = self._ingestor.prepare(start, product_id, pictures, existing, at, search)
        change = partial(edits.add_images, images=batch.images)
        decide = edits.update(product_id, at, if_revision, change)
        return self._commit_images(product_id, batch, start, decide, before_commit)

    def replace_images(
        self, product_id: str, pictures: Sequence[ImageFile], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Give a product these reference images instead of those it has; all of it or nothing.

        Raises:
            Invalid: there is no picture.
        """
        _check_some(product_id, pictures)
        start = self._encodable_state()
        start.expect(product_id, if_revision)
        at = utc_now()
        search = self._quick_search(start)
        batch = self._ingestor.prepare(start, product_id, pictures, (), at, search)
        change = partial(edits.replace_images, images=batch.images)
        decide = edits.update(product_id, at, if_revision, change)
        return self._commit_images(product_id, batch, start, decide)

    def remove_images(
        self, product_id: str, image_ids: Iterable[str], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Remove reference images from a product; the last one stays.

        Raises:
            NotFound: it has no such image.
            Invalid: no image would be left.
        """
        change = partial(edits.remove_images, image_ids=frozenset(image_ids))
        return self._commit(product_id, edits.update(product_id, utc_now(), if_revision, change))

    def choose_kept(
        self,
        product_id: str,
        image_id: str,
        choice: KeptChoice | None,
        *,
        if_revision: int | None = None,
    ) -> ChangeResult:
        """Keep another part of a reference image; it is encoded anew at once.

        Args:
            product_id: whose.
            image_id: of the picture.
            choice: the whole picture, or an outline; None to find that out, as at first.
            if_revision: only if the product has this revision.

        Raises:
            NotFound: it has no such image.
            Invalid: the outline leaves the picture, crosses itself, or holds nothing.
        """
        start = self._encodable_state()
        images = start.expect(product_id, if_revision).images
        search = self._quick_search(start)
        find = partial(search.background_of, product_id, images) if search else None
        batch = self._ingestor.prepare_choice(start.part_ids, images, image_id, choice, find)
        (image,) = batch.images
        change = partial(
            edits.choose, image_id=image_id, choice=image.choice, background=image.background
        )
        decide = edits.update(product_id, utc_now(), if_revision, change)
        return self._commit_images(product_id, batch, start, decide)

    def kept(self, product_id: str) -> tuple[KeptImage, ...]:
        """Return the part that is kept of each of a product's images, in their order."""
        state = self.state()
        return tuple(self._ingestor.kept_of(state.part_ids, state.product(product_id).images))

    def background_search(self) -> BackgroundSearch | None:
        """Return what finds background as it is now; None where keypoints cannot vote."""
        state = self.state()
        encoder = self._encoders.find(state.part_ids)
        if encoder is None or encoder.coder is None:
            return None
        return BackgroundSearch(self._snapshots.of(state), encoder)

    def mark_background(
        self, product_id: str, background: Mapping[str, str], *, if_revision: int | None = None
    ) -> ChangeResult:
        """Drop other cells of a product's images as background.

        Args:
            product_id: whose.
            background: cells by image id, as `ReferenceImage.background` has them.
            if_revision: only if the product has this revision.
        """
        change = partial(edits.mark_background, background=background)
        return self._commit(product_id, edits.update(product_id, utc_now(), if_revision, change))

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
        """Change texts and attributes of a product; what is left out stays.

        Args:
            product_id: which.
            name: the id when empty.
            description: free text.
            attributes: instead of all that it has.
            attribute_changes: single ones, made after that; None takes one away.
            if_revision: only if the product has this revision.

        Raises:
            Invalid: texts or attributes break a rule.
        """
        check_texts(name or "", description or "")
        attribute_items(attributes or {})  # refused before the storage is asked
        change = partial(
            edits.change_texts,
            name=name,
            description=description,
            attributes=attributes,
            attribute_changes=attribute_changes,
        )
        return self._commit(product_id, edits.update(product_id, utc_now(), if_revision, change))

    def remove_product(self, product_id: str, *, if_revision: int | None = None) -> ChangeResult:
        """Remove a product; it can be restored."""
        return self._commit(product_id, edits.remove(product_id, utc_now(), if_revision))

    def restore_product(self, product_id: str) -> ChangeResult:
        """Bring a removed product back with everything it had.

        Raises:
            AlreadyExists: it was not removed.
            NotFound: there never was one, or it was removed more than `RESTORE_DAYS` ago.
            Conflict: the catalog was encoded by other networks since.
        """
        at = utc_now()
        start = self._encodable_state()
        removed = start.restorable(product_id)
        check_restorable(removed, at)
        # Networks may have been switched since it was removed: make what is missing.
        self.migration.by(self._encoders.get(start.part_ids)).encode(removed.images)
        return self._commit(product_id, edits.restore(product_id, at, start))

    def calibrate(self, calibration: Calibration) -> int:
        """Decide like this from now on, in every process.

        Returns:
            The catalog's `index_version` afterwards.
        """

        def calibrate(state: CatalogState) -> JournalChange:
            state.live()
            return CalibrationSet(calibration)

        return self._log.commit(calibrate).state.sequence

    def reset_calibration(self, model_id: str) -> int:
        """Remove the calibration for some networks; nothing changes if there is none.

        Returns:
            The catalog's `index_version` afterwards.
        """

        def reset(state: CatalogState) -> JournalChange | None:
            return CalibrationReset(model_id) if model_id in state.live().calibrations else None

        return self._log.commit(reset).state.sequence

    def _encodable_state(self) -> CatalogState:
        """Return the state now, if new encodings would fit those that it has."""
        state = self.state()
        self._encoders.get(state.part_ids)
        return state

    def _quick_search(self, start: CatalogState) -> BackgroundSearch | None:
        """Return what finds background at enrolment; None where reconcile has to look.

        An import does not look: it would change the index of keypoints for every picture.
        """
        encoder = self._encoders.get(start.part_ids)
        if encoder.coder is None:
            return None
        search = BackgroundSearch(self._snapshots.of(start), encoder)
        return search if search.is_quick else None

    def _commit_images(
        self,
        product_id: str,
        batch: IngestBatch,
        start: CatalogState,
        decide: Decide,
        before_commit: BeforeCommit | None = None,
    ) -> ChangeResult:
        """Compare pictures with the catalog, upload them and commit the change that needs them."""
        issues = self._ingestor.compare(product_id, batch, self._snapshots.of(start))
        self._log.check_writable()
        upload = self._ingestor.upload(batch, start)
        if before_commit is not None:
            before_commit()
            newest = self._snapshots.of(self._encodable_state())
            issues = self._ingestor.compare(product_id, batch, newest)
        commit = upload.commit(self._log, edits.encoded_by(start.part_ids, decide))
        notes = batch.notes
        # The change is made: a storage that fails at the note must not call it refused.
        with suppress(StorageUnavailable):
            if self.migration.is_due:
                notes = (*notes, describe_renewal(self._name))
        all_issues = (*batch.issues, *issues)
        return self._follow_up(product_id, commit, notes, all_issues, batch.kept)

    def _commit(self, product_id: str, decide: Decide) -> ChangeResult:
        return self._follow_up(product_id, self._log.commit(decide))

    def _follow_up(
        self,
        product_id: str,
        commit: Commit,
        notes: tuple[str, ...] = (),
        issues: tuple[Issue, ...] = (),
        kept: tuple[KeptImage, ...] = (),
    ) -> ChangeResult:
        """Do what follows a commit; when it fails the change stands all the same."""
        state = commit.state.live()
        product = state.products.get(product_id) or state.removed[product_id]
        if commit.written:
            # Whoever searches in this process finds the change at once; and a checkpoint
            # only speeds up the next start.
            with suppress(CatalogError):
                if self._index_cache.is_used:
                    self.latest().warm_up()
                self._log.checkpoint()
            try:
                if product_id in state.products:
                    self._copies.write(state.sequence, product)
                else:
                    self._copies.remove(product_id)
            except StorageUnavailable as error:
                note = f"the change was made, but its readable copy was not written: {error}"
                notes = (*notes, note)
        return ChangeResult(state.sequence, product, notes, issues, kept)


def _check_some(product_id: str, pictures: Sequence[ImageFile]) -> None:
    if not pictures:
        raise Invalid(f"product {product_id} needs at least one picture")
