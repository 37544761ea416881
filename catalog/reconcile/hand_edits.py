"""Readable copies of products that people changed, wrote or deleted by hand."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from catalog.errors import CatalogError, Conflict, Invalid, NotFound, StorageUnavailable
from catalog.journal.entries import ProductWritten
from catalog.journal.journal import Journal
from catalog.journal.projection import ReadableCopies, ReadableCopy
from catalog.reconcile.report import Finding, FindingKind
from catalog.records.product import Product
from catalog.store import CatalogStore


@dataclass(frozen=True, slots=True)
class MergedEdit:
    """A hand edit laid over the catalog's record.

    Attributes:
        product: what to write.
        conflicts: names of fields that both changed; the catalog's stay.
    """

    product: Product
    conflicts: tuple[str, ...]


def merge_edit(base: Product, hand: Product, current: Product) -> MergedEdit:
    """Apply what somebody changed in a copy of `base` to what the product has become.

    A field that was changed on both sides stays as it is. Pictures can only be taken out.
    """
    conflicts: list[str] = []
    after = current
    for field in ("name", "description", "attributes"):
        before, wanted, now = (getattr(product, field) for product in (base, hand, current))
        if wanted in (before, now):
            continue
        if now != before:
            conflicts.append(field)
        else:
            after = replace(after, **{field: wanted})
    had, kept = ({image.image_id for image in product.images} for product in (base, hand))
    if kept - had:
        conflicts.append("images")
    unwanted = had - kept
    images = tuple(image for image in after.images if image.image_id not in unwanted)
    return MergedEdit(replace(after, images=images), tuple(conflicts))


class HandEdits:
    """Takes hand edits of one catalog in, and rewrites stale copies."""

    def __init__(self, store: CatalogStore, journal: Journal, copies: ReadableCopies) -> None:
        self._store = store
        self._journal = journal
        self._copies = copies

    def settle(self, copy: ReadableCopy, current: Product, *, dry_run: bool) -> list[Finding]:
        """Compare a live product's copy with its record, and bring them together.

        Raises:
            StorageUnavailable: the storage refused.
        """
        if not copy.is_edited:
            if copy.product == current:
                return []
            return self.rewrite(current.product_id, "is out of date", dry_run=dry_run)
        base = self._base(copy, current)
        result = merge_edit(base, copy.product, current)
        findings = [_conflict(current.product_id, field) for field in result.conflicts]
        if result.product == current:
            why = "was edited, which changes nothing"
            return [*findings, *self.rewrite(current.product_id, why, dry_run=dry_run)]
        try:
            if not dry_run:
                self._apply(current, result.product)
        except StorageUnavailable:
            raise
        except (Invalid, Conflict, NotFound) as error:
            return [*findings, self._problem(current.product_id, str(error))]
        sentence = f"the edited copy of product {current.product_id} is taken in"
        return [*findings, Finding(FindingKind.TAKEN_IN, current.product_id, sentence)]

    def rewrite(self, product_id: str, why: str, *, dry_run: bool) -> list[Finding]:
        """Write a product's copy anew from the newest record.

        Raises:
            StorageUnavailable: the storage refused.
        """
        if not dry_run:
            state = self._store.state()
            product = state.products.get(product_id)
            if product is None:
                return []
            self._copies.write(state.sequence, product)
        sentence = f"the readable copy of product {product_id} {why} and is written again"
        return [Finding(FindingKind.MENDED, product_id, sentence)]

    def _apply(self, current: Product, wanted: Product) -> None:
        kept = {image.image_id for image in wanted.images}
        unwanted = [i.image_id for i in current.images if i.image_id not in kept]
        revision = current.revision
        if unwanted:
            change = self._store.remove_images(current.product_id, unwanted, if_revision=revision)
            revision = change.product.revision
        self._store.update_product(
            current.product_id,
            name=wanted.name,
            description=wanted.description,
            attributes=dict(wanted.attributes),
            if_revision=revision,
        )

    def _base(self, copy: ReadableCopy, current: Product) -> Product:
        """Return the record that was edited; the present one if that is unknown."""
        if copy.product.revision == current.revision:
            return current
        try:
            entry = self._journal.read(copy.sequence)
        except StorageUnavailable:
            raise
        except CatalogError:
            return current
        written = entry.changes if entry else ()
        return _record_in(written, current.product_id) or current

    def _problem(self, product_id: str, reason: str) -> Finding:
        sentence = f"the edited copy of product {product_id} was not taken in: {reason}"
        return Finding(FindingKind.PROBLEM, product_id, sentence)


def _record_in(changes: Iterable[object], product_id: str) -> Product | None:
    for change in changes:
        if isinstance(change, ProductWritten) and change.product.product_id == product_id:
            return change.product
    return None


def _conflict(product_id: str, field: str) -> Finding:
    if field == "images":
        how = f"lists a picture that it did not have; drop it into incoming/{product_id}/ instead"
    else:
        how = f"changes the {field}, which was changed in the catalog too; that stays"
    return Finding(FindingKind.PROBLEM, product_id, f"the copy of product {product_id} {how}")
