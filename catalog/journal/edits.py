"""Edits of products: what each makes of a catalog's state, as pure functions."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from catalog.encodings.encoding import PartIds
from catalog.errors import Conflict, Invalid, NotFound
from catalog.journal.commit_log import Decide
from catalog.journal.entries import JournalChange, ProductRemoved, ProductWritten
from catalog.journal.state import CatalogState
from catalog.records.kept import KeptChoice
from catalog.records.product import AttributeValue, Product, ReferenceImage
from catalog.records.validation import attribute_items, changed_attributes, check_restorable

Images = tuple[ReferenceImage, ...]


def add(product: Product) -> Decide:
    """Add a product; one that was removed before goes on counting its revisions."""

    def decide(state: CatalogState) -> JournalChange:
        before = state.absent(product.product_id)
        return ProductWritten(replace(product, revision=before.revision + 1) if before else product)

    return decide


def update(
    product_id: str, at: str, if_revision: int | None, change: Callable[[Product], Product]
) -> Decide:
    """Change a live product's record; nothing is written when it stays the same.

    Args:
        product_id: which.
        at: the time, ISO 8601, UTC.
        if_revision: only if the product has this revision; None for any.
        change: of its record.
    """

    def decide(state: CatalogState) -> JournalChange | None:
        before = state.expect(product_id, if_revision)
        after = change(before)
        return None if after == before else ProductWritten(after.revised(at))

    return decide


def remove(product_id: str, at: str, if_revision: int | None) -> Decide:
    """Remove a live product at a time (ISO 8601, UTC)."""
    return lambda state: ProductRemoved(state.expect(product_id, if_revision).revised(at))


def restore(product_id: str, at: str, start: CatalogState) -> Decide:
    """Bring a removed product back.

    Args:
        product_id: which.
        at: the time, ISO 8601, UTC.
        start: the state whose networks have encoded its pictures since.
    """

    def decide(state: CatalogState) -> JournalChange:
        product = state.restorable(product_id)
        check_restorable(product, at)
        if state.part_ids != start.part_ids:
            raise Conflict(f"catalog {state.name} was switched to other networks; try again")
        if state.collected.since(start.sequence, (image.image_id for image in product.images)):
            raise Conflict(f"the pictures of product {product_id} are being removed")
        return ProductWritten(product.revised(at))

    return decide


def encoded_by(part_ids: PartIds, decide: Decide) -> Decide:
    """Make an edit whose pictures were encoded by some networks, while the catalog has those."""
    return lambda state: decide(state.encoded_by(part_ids))


def change_texts(
    product: Product,
    *,
    name: str | None,
    description: str | None,
    attributes: Mapping[str, AttributeValue] | None,
    attribute_changes: Mapping[str, AttributeValue | None] | None,
) -> Product:
    """Return a product with other texts and attributes; see `CatalogStore.update_product`.

    Raises:
        Invalid: an attribute breaks a rule.
    """
    items = product.attributes if attributes is None else attribute_items(attributes)
    return replace(
        product,
        name=product.name if name is None else name or product.product_id,
        description=product.description if description is None else description,
        attributes=changed_attributes(items, attribute_changes or {}),
    )


def add_images(product: Product, images: Images) -> Product:
    """Return a product with further images; those it has already are left out."""
    have = {image.image_id for image in product.images}
    new = (image for image in images if image.image_id not in have)
    return replace(product, images=(*product.images, *new))


def choose(
    product: Product, image_id: str, choice: KeptChoice | None, background: str = ""
) -> Product:
    """Return a product with another choice of what is kept of one of its images.

    Raises:
        NotFound: it has no such image.
    """
    if all(image.image_id != image_id for image in product.images):
        raise NotFound(f"product {product.product_id} has no picture {image_id}")
    return replace(
        product,
        images=tuple(
            replace(image, choice=choice, background=background)
            if image.image_id == image_id
            else image
            for image in product.images
        ),
    )


def mark_background(product: Product, background: Mapping[str, str]) -> Product:
    """Return a product with other background cells of some of its images, by their ids.

    What a person chose to keep of an image stays as it is.
    """
    return replace(
        product,
        images=tuple(
            replace(image, background=background[image.image_id])
            if image.image_id in background and image.choice is None
            else image
            for image in product.images
        ),
    )


def replace_images(product: Product, images: Images) -> Product:
    """Return a product with these images only; those it has already keep their record.

    Their choice of what is kept stays, too, unless another one comes with them.
    """
    had = {image.image_id: image for image in product.images}
    return replace(
        product,
        images=tuple(
            image if image.choice is not None else had.get(image.image_id, image)
            for image in images
        ),
    )


def remove_images(product: Product, image_ids: Collection[str]) -> Product:
    """Return a product without some of its images.

    Raises:
        NotFound: it has no such image.
        Invalid: no image would be left.
    """
    missing = set(image_ids).difference(image.image_id for image in product.images)
    if missing:
        raise NotFound(f"product {product.product_id} has no picture {min(missing)}")
    kept = tuple(image for image in product.images if image.image_id not in image_ids)
    if not kept:
        raise Invalid(
            f"product {product.product_id} would be left without a picture; "
            "remove the product instead"
        )
    return replace(product, images=kept)
