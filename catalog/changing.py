"""Changes of one catalog: how each is committed, and those that bring no pictures."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from catalog.calibration import Calibration
from catalog.changes import (
    CalibrationReset,
    CalibrationSet,
    JournalChange,
    ProductRemoved,
    ProductWritten,
)
from catalog.enrolment import Finding
from catalog.errors import (
    AlreadyExists,
    CatalogError,
    Conflict,
    StorageUnavailable,
)
from catalog.ingest import Intake
from catalog.ledger import Decide, now
from catalog.model_change import OnProgress
from catalog.product import AttributeValue, Product
from catalog.reading import CatalogReader
from catalog.restoring import check_restorable
from catalog.rules import attribute_items, changed_attributes, check_texts
from catalog.state import CatalogState
from catalog.upload import Upload

Turn = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Change:
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
    findings: tuple[Finding, ...] = ()


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
    ) -> Change:
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
        at = now()

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

    def remove_product(self, product_id: str, *, if_revision: int | None = None) -> Change:
        """Take a product out; it can be restored.

        Raises:
            NotFound: there is no such product.
            Conflict: it has another revision.
        """
        at = now()

        def removed(state: CatalogState) -> JournalChange:
            return ProductRemoved(revised(self._expected(state, product_id, if_revision), at))

        return self._changed(product_id, removed)

    def restore_product(self, product_id: str) -> Change:
        """Bring a removed product back with everything it had.

        Raises:
            AlreadyExists: it was not removed.
            NotFound: there never was one, or it was removed more than `RESTORE_DAYS` ago.
            Conflict: the catalog was encoded by other networks since.
        """
        at = now()

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

        return self._ledger.commit(calibrated).state.sequence

    def reset_calibration(self, model_id: str) -> int:
        """Decide as shipped again by some networks; nothing changes when it does already.

        Returns:
            The catalog's `index_version` afterwards.
        """

        def reset(state: CatalogState) -> JournalChange | None:
            return (
                CalibrationReset(model_id) if model_id in self._alive(state).calibrations else None
            )

        return self._ledger.commit(reset).state.sequence

    def _entered(
        self, product_id: str, intake: Intake, start: CatalogState, turn: Turn | None = None
    ) -> tuple[Upload, tuple[Finding, ...]]:
        """Check pictures against the catalog and upload them."""
        findings = self._ingest.compare(product_id, intake, self._snapshot_of(start))
        upload = Upload(self._ingest, intake, start)
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
        findings: tuple[Finding, ...] = (),
    ) -> Change:
        commit = self._ledger.commit(decide)
        state = self._alive(commit.state)
        product = state.products.get(product_id) or state.removed[product_id]
        notes = (*notes, *self._after(state, product)) if commit.written else tuple(notes)
        return Change(state.sequence, product, notes, findings)

    def _after(self, state: CatalogState, product: Product) -> tuple[str, ...]:
        """What follows a commit; when it fails the change stands all the same."""
        # Whoever searches in this process too finds the change at once; and a snapshot object
        # only speeds up the next start.
        with suppress(CatalogError):
            if self._keeper.is_used:
                self.latest().warm_up()
            self._ledger.checkpoint()
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
