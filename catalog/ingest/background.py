"""Looks for what the reference pictures of a catalog share with those of unrelated products."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Final

from catalog.encodings.background import is_at_risk, is_proven
from catalog.encodings.encoding import Encoder, Encoding, EnrolledPicture, OtherProduct
from catalog.errors import CatalogError, StorageUnavailable
from catalog.records.product import Product, ReferenceImage
from catalog.records.shared_cells import pack_cells
from catalog.snapshot import Catalog

# Products that a picture's keypoints vote for most: the shelf behind it is seen in fewer.
_MOST_OTHERS: Final = 12
# Of another product, whose print is compared; more would hardly show other sides of it.
_MOST_PROVEN: Final = 2
_MOST_READ: Final = 8  # encodings of another product that are read to find these
# Of the same product, which are compared: of 2,000 photos a few tell what moves with it.
_MOST_RELATIVES: Final = 8
# Products besides the picture's own, of which two are unrelated at best.
_FEWEST_OTHERS: Final = 2
# Pictures whose keypoints are read in a moment; an index of so many is changed as quickly.
_SMALL_CATALOG: Final = 100


FindBackground = Callable[[ReferenceImage, Encoding], str]
"""Returns the background of a picture that is encoded like this."""


@dataclass(frozen=True, slots=True)
class BackgroundLook:
    """The outcome of a look at one picture.

    Attributes:
        background: its cells, as `ReferenceImage.background` has them.
        shown_by: other products' pictures that show parts of it: their products' ids and their own.
    """

    background: str = ""
    shown_by: tuple[tuple[str, str], ...] = ()


class BackgroundSearch:
    """Finds background in one state of a catalog."""

    def __init__(self, catalog: Catalog, encoder: Encoder) -> None:
        self._catalog = catalog
        self._encoder = encoder

    @property
    def is_quick(self) -> bool:
        """Whether a look need not first read keypoints of a large catalog, or change its index."""
        catalog = self._catalog
        images = sum(len(product.images) for product in catalog.products.values())
        return images <= _SMALL_CATALOG or catalog.votes_are_ready

    def family(self, images: Sequence[ReferenceImage]) -> dict[str, EnrolledPicture]:
        """Return the first stored pictures of one product by image id, those that are there."""
        read = ((image.image_id, self._enrolled(image)) for image in images[:_MOST_RELATIVES])
        return {image_id: enrolled for image_id, enrolled in read if enrolled is not None}

    def look(
        self, product_id: str, image: ReferenceImage, family: Mapping[str, EnrolledPicture]
    ) -> BackgroundLook | None:
        """Look at one picture; None where that is impossible now, for features are missing.

        Args:
            product_id: whose it is.
            image: the picture; where a person chose what to keep, nothing is looked for.
            family: pictures of the product by image id, this one among them.

        Raises:
            StorageUnavailable: the storage refused.
        """
        own = family.get(image.image_id)
        others = [other for key, other in family.items() if key != image.image_id]
        others.sort(key=lambda other: not is_proven(other.encoding))
        relatives = others[:_MOST_RELATIVES]
        coder = self._encoder.coder
        if own is None or coder is None:
            return None
        if image.choice is not None:
            return BackgroundLook(image.background)
        encodings = [relative.encoding for relative in relatives]
        few = len(self._catalog.products.keys() - {product_id}) < _FEWEST_OTHERS
        if few or not is_at_risk(own.encoding, encodings):
            return BackgroundLook()
        try:
            descriptors = coder.descriptors(own.encoding.local)
            votes = self._catalog.votes(descriptors, _MOST_OTHERS, self._own_ids(product_id))
        except StorageUnavailable:
            raise
        except CatalogError:
            return None
        if votes is None:
            return None
        voted = [(v.product_id, v.image_id) for v in votes if v.product_id != product_id]
        there = [(key, other) for key in voted if (other := self._other(*key)) is not None]
        found = self._encoder.find_background(own, relatives, [other for _, other in there])
        return BackgroundLook(
            pack_cells(found.cells), tuple(there[number][0] for number in found.shown_by)
        )

    def look_again(self, product_id: str, image: ReferenceImage) -> BackgroundLook | None:
        """Look at a picture that is in the catalog already; as `look`."""
        images = self._catalog.products[product_id].images
        others = [other for other in images if other.image_id != image.image_id]
        return self.look(product_id, image, self.family(others) | self.family([image]))

    def background_of(
        self,
        product_id: str,
        images: Sequence[ReferenceImage],
        image: ReferenceImage,
        encoding: Encoding,
    ) -> str:
        """Return the background of one of a product's images, which is encoded anew.

        Raises:
            StorageUnavailable: the storage refused.
        """
        others = [other for other in images if other.image_id != image.image_id]
        family = self.family(others) | {image.image_id: EnrolledPicture(encoding, image.size)}
        found = self.look(product_id, image, family)
        return image.background if found is None else found.background

    def _own_ids(self, product_id: str) -> tuple[str, ...]:
        product = self._catalog.products.get(product_id)
        return tuple(image.image_id for image in product.images) if product else ()

    def _other(self, product_id: str, image_id: str) -> OtherProduct | None:
        product = self._catalog.products[product_id]
        image = next(image for image in product.images if image.image_id == image_id)
        picture = self._enrolled(image)
        return None if picture is None else OtherProduct(picture, partial(self._proven, product))

    def _proven(self, product: Product) -> tuple[EnrolledPicture, ...]:
        read = map(self._enrolled, product.images[:_MOST_READ])
        sure = (picture for picture in read if picture and is_proven(picture.encoding))
        return tuple(islice(sure, _MOST_PROVEN))

    def _enrolled(self, image: ReferenceImage) -> EnrolledPicture | None:
        try:
            return EnrolledPicture(self._catalog.encoding(image.encoding_id), image.size)
        except StorageUnavailable:
            raise
        except CatalogError:
            return None
