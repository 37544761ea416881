"""ImageCheck that were deleted or replaced in the storage by hand."""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from catalog.errors import NotFound
from catalog.journal.state import CatalogState
from catalog.records.product import Product, ReferenceImage, image_key
from catalog.storage.base import Storage, StoredObject

_READERS: Final = 8


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """How the pictures of the live products are.

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

    A picture that a listing leaves out is asked for by itself before it counts as missing. One
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
    keys = {one: image_key(catalog, one, image.extension) for one, image in images.items()}
    absent = [one for one in images if keys[one] not in tags]
    unread = [one for one in images if keys[one] in tags and known.get(one) != tags[keys[one]]]

    def is_there(image_id: str) -> bool:
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
        there = dict(zip(absent, pool.map(is_there, absent), strict=True))
        contents = dict(zip(unread, pool.map(content, unread), strict=True))
    replaced = {one: data for one, data in contents.items() if data is not None}
    whole = {one: tags[key] for one, key in keys.items() if key in tags and one not in replaced}
    hidden = frozenset(one for one, found in there.items() if found)
    return ImageCheck(frozenset(absent) - hidden, replaced, whole, hidden)


def products_with(products: Iterable[Product], image_ids: frozenset[str]) -> list[Product]:
    """The products that have one of the pictures."""
    return [p for p in products if any(image.image_id in image_ids for image in p.images)]


def images_among(product: Product, image_ids: frozenset[str]) -> list[ReferenceImage]:
    """A product's pictures among those."""
    return [image for image in product.images if image.image_id in image_ids]
