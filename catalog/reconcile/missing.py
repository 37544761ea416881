"""Pictures that were deleted or replaced in the storage by hand."""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from catalog.errors import NotFound
from catalog.journal.state import CatalogState
from catalog.records.product import Product, ReferenceImage, image_key
from catalog.storage.base import Storage, StoredObject

# Requests at a time: a bucket answers each after milliseconds.
_READERS: Final = 8


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """The state of the pictures of the live products.

    Attributes:
        missing: image ids that are certainly not there.
        replaced: image ids under which something else lies, and what.
        whole: tags of those that are as they should be, by image id.
        hidden: image ids that a listing left out although they are there.
    """

    missing: frozenset[str]
    replaced: Mapping[str, bytes]
    whole: Mapping[str, str]
    hidden: frozenset[str]


def check_images(
    storage: Storage,
    catalog: str,
    state: CatalogState,
    listed: Iterable[StoredObject],
    known: Mapping[str, str],
) -> ImageCheck:
    """Look for every picture of the live products.

    A picture that a listing leaves out is requested by itself before it counts as missing. One
    whose tag is not known yet is read.

    Args:
        storage: of the catalog.
        catalog: its name.
        state: what should be there.
        listed: what lies under `images/`.
        known: tags of pictures that were found whole, by image id.

    Raises:
        StorageUnavailable: the storage refused.
    """
    images = {i.image_id: i for p in state.products.values() for i in p.images}
    tags = {stored.key: stored.tag for stored in listed}
    keys = {
        image_id: image_key(catalog, image_id, image.extension)
        for image_id, image in images.items()
    }
    absent = [image_id for image_id in images if keys[image_id] not in tags]
    unread = [i for i in images if keys[i] in tags and known.get(i) != tags[keys[i]]]

    def exists(image_id: str) -> bool:
        try:
            storage.modified(keys[image_id])
        except NotFound:
            return False
        return True

    def content(image_id: str) -> bytes | None:
        try:
            data = storage.get(keys[image_id])
        except NotFound:
            return None
        return None if hashlib.sha256(data).hexdigest() == image_id else data

    with ThreadPoolExecutor(_READERS, thread_name_prefix="pictures") as pool:
        there = dict(zip(absent, pool.map(exists, absent), strict=True))
        contents = dict(zip(unread, pool.map(content, unread), strict=True))
    replaced = {image_id: data for image_id, data in contents.items() if data is not None}
    whole = {i: tags[key] for i, key in keys.items() if key in tags and i not in replaced}
    hidden = frozenset(image_id for image_id, is_there in there.items() if is_there)
    return ImageCheck(frozenset(absent) - hidden, replaced, whole, hidden)


def products_with(products: Iterable[Product], image_ids: frozenset[str]) -> list[Product]:
    """Return the products that have one of the pictures."""
    return [p for p in products if any(image.image_id in image_ids for image in p.images)]


def images_among(product: Product, image_ids: frozenset[str]) -> list[ReferenceImage]:
    """Return a product's pictures that are among those."""
    return [image for image in product.images if image.image_id in image_ids]
