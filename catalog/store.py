"""One catalog that can be read and changed; several processes may do so at once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from catalog.changes import (
    JournalChange,
    ProductWritten,
)
from catalog.changing import CatalogChanger, Change, Turn, revised
from catalog.errors import (
    Invalid,
    NotFound,
)
from catalog.ingest import NamedPicture
from catalog.ledger import now
from catalog.model_change import OnProgress
from catalog.product import AttributeValue, Product, ReferenceImage
from catalog.rules import attribute_items, check_id, check_texts
from catalog.state import CatalogState

__all__ = ["CatalogStore", "Change", "NamedPicture", "OnProgress", "Turn"]


class CatalogStore(CatalogChanger):
    """Reads and changes one catalog; safe to share between threads. All methods block.

    Pictures are uploaded first and then committed as one journal entry. Every method raises
    `StorageUnavailable` when the storage refuses, and `NotFound` when the catalog was deleted.
    """

    def add_product(
        self,
        product_id: str,
        pictures: Sequence[NamedPicture],
        *,
        name: str | None = None,
        description: str = "",
        attributes: Mapping[str, AttributeValue] | None = None,
        turn: Turn | None = None,
    ) -> Change:
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
        at = now()
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
        pictures: Sequence[NamedPicture],
        *,
        if_revision: int | None = None,
        turn: Turn | None = None,
    ) -> Change:
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
        at = now()
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
        self, product_id: str, pictures: Sequence[NamedPicture], *, if_revision: int | None = None
    ) -> Change:
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
        at = now()
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
    ) -> Change:
        """Take reference images away from a product; the last one stays.

        Raises:
            NotFound: there is no such product, or it has no such image.
            Conflict: it has another revision.
            Invalid: no image would be left.
        """
        unwanted = set(image_ids)
        at = now()

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
