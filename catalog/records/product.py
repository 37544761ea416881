"""Products and their reference images."""

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import Final

from catalog.records.kept import KeptChoice, PictureSize

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

AttributeValue = str | float | tuple[str, ...]


def is_valid_id(text: str) -> bool:
    """Return whether a text may name a catalog or a product (docs/catalog.md)."""
    return ID_PATTERN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ReferenceImage:
    """A catalog picture of a product.

    Attributes:
        image_id: SHA-256 of the file as it was given, hex.
        extension: of the original, lower case, without a dot.
        width: pixels, after EXIF rotation.
        height: pixels, after EXIF rotation.
        source_name: the file's name when it was added, for people.
        added_at: ISO 8601, UTC.
        choice: what a person decided to keep of it; None where nobody did.
        apart: id of the product, when another one had the same picture before: each shows another
            thing in it, so each has an encoding of its own.
        background: cells of it that show what pictures of unrelated products show, too
            (`catalog.records.shared_cells`); empty where nothing was found.
    """

    image_id: str
    extension: str
    width: int
    height: int
    source_name: str
    added_at: str
    choice: KeptChoice | None = None
    apart: str = ""
    background: str = ""

    @property
    def encoding_id(self) -> str:
        """Names its encoding, which is another one for another choice."""
        chosen = "" if self.choice is None else self.choice.digest
        if self.apart:
            chosen = hashlib.sha256(f"{self.apart}\n{chosen}".encode()).hexdigest()[:8]
        return f"{self.image_id}.{chosen}" if chosen else self.image_id

    @property
    def is_plain(self) -> bool:
        """Whether earlier versions know all that is said of it."""
        return self.choice is None and not self.apart and not self.background

    @property
    def shared_cells(self) -> str:
        """Its background, unless a person decided what to keep."""
        return self.background if self.choice is None else ""

    @property
    def kept_id(self) -> str:
        """Names what is kept of it: its encoding without its background."""
        if not self.shared_cells:
            return self.encoding_id
        return f"{self.encoding_id}-{hashlib.sha256(self.shared_cells.encode()).hexdigest()[:8]}"

    @property
    def size(self) -> PictureSize:
        """Pixels of the upright picture."""
        return PictureSize(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a catalog; the names of its fields are the keys of its JSON.

    Attributes:
        product_id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}`.
        name: for people; the id when none was given.
        description: free text.
        attributes: by name, in the order given; text, number, or list of texts.
        images: its reference images, in the order they were added.
        revision: counts changes of this product, from 1.
        created_at: ISO 8601, UTC.
        updated_at: ISO 8601, UTC.
    """

    product_id: str
    name: str
    description: str = ""
    attributes: tuple[tuple[str, AttributeValue], ...] = field(default=())
    images: tuple[ReferenceImage, ...] = field(default=())
    revision: int = 1
    created_at: str = ""
    updated_at: str = ""

    def revised(self, at: str) -> "Product":
        """Return the product as its next revision, updated at a time (ISO 8601, UTC)."""
        return replace(self, revision=self.revision + 1, updated_at=at)


def image_id_of(encoding_id: str) -> str:
    """Return the picture that an encoding is of."""
    return encoding_id.partition(".")[0]


def image_key(catalog: str, image_id: str, extension: str) -> str:
    """Return the storage key of a reference image's file."""
    return f"{catalog}/images/{image_id}.{extension}"
