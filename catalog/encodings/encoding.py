"""Encodings: what the catalog keeps of a reference picture, so that nothing is computed twice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.codebook import KeypointCodebook
from catalog.encodings.printed import PrintedWord
from catalog.records.kept import KeptChoice, PictureSize, ReferenceCut
from catalog.records.optional import WRITTEN_IF_SET
from catalog.records.validation import check_id

_IN_CROP: Final = ".in-"  # between a network's id and the crop's


@dataclass(frozen=True, slots=True)
class PartIds:
    """Ids of the network and preprocessing that made each part of an encoding.

    An id changes when its part has to be computed again, and only then. Characters as in product
    ids, so that an id can be a folder's name.
    """

    crop: str
    embedding: str
    local: str
    words: str = field(default="", metadata=WRITTEN_IF_SET)
    """Of the words printed on the product; empty where none are read."""

    @classmethod
    def in_crop(cls, crop: str, embedding: str, local: str, words: str = "") -> "PartIds":
        """Return the ids of what two networks, and perhaps a reader, make in a crop.

        All is of the crop, so it has to be computed again with it, and lies beside that of an
        earlier one.
        """
        ids = (f"{part}{_IN_CROP}{crop}" if part else "" for part in (embedding, local, words))
        return cls(crop, *ids)

    @property
    def without_words(self) -> "PartIds":
        """The same ids, of parts that everybody has."""
        return replace(self, words="")

    @property
    def networks(self) -> tuple[str, str]:
        """Ids of the two networks, whatever the crop."""
        return network_of(self.embedding), network_of(self.local)

    def check(self) -> None:
        """Refuse ids that could not be folders.

        Raises:
            Invalid: one of them breaks the pattern.
        """
        for part_id in self.ids:
            check_id(part_id, "part")

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them; without that of the words where none are read."""
        read = (self.words,) if self.words else ()
        return (self.crop, self.embedding, self.local, *read)

    @property
    def folders(self) -> tuple[str, ...]:
        """Folders of features with these ids, below `features/`."""
        parts = ("crop", "embedding", "local", "words")
        return tuple(f"{part}/{part_id}" for part, part_id in zip(parts, self.ids, strict=False))


def network_of(part_id: str) -> str:
    """Return the id of the network that made a part, without the crop that it was made in."""
    return part_id.partition(_IN_CROP)[0]


NO_PARTS: Final = PartIds("", "", "")


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceCrop:
    """The product in its reference picture: its place and its look (part `crop`).

    Attributes:
        outline: (4, 2) float32, the product's corners in the reference picture's pixels, clockwise
            from the product's own top left.
        width: pixels of the canonical crop, the frame of reference of all its keypoints.
        height: pixels of the canonical crop.
        to_picture: (3, 3) float64 homography from canonical crop pixels to picture pixels.
        jpeg: (B,) uint8, the canonical crop as JPEG, possibly at a smaller size.
        mask: (h, w) bool, coarse: which part of the canonical crop is product, not background.
        kept: how it was told from the rest; None where an earlier version did not write it down.
    """

    outline: NDArray[np.float32]
    width: int
    height: int
    to_picture: NDArray[np.float64]
    jpeg: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    kept: ReferenceCut | None = None


@dataclass(frozen=True, slots=True, eq=False)
class CompactFeatures:
    """Keypoints and descriptors in storage form, at most 32 KB (part `local`).

    Attributes:
        points: (N, 2) uint16, (x, y) in canonical crop pixels times 64.
        scales: (N,) uint8, keypoint size, logarithmic; the front end knows the law.
        angles: (N,) uint8, 256ths of a turn.
        codes: (N, B) uint8, descriptors as the front end packs them.
    """

    points: NDArray[np.uint16]
    scales: NDArray[np.uint8]
    angles: NDArray[np.uint8]
    codes: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """Everything known of one reference picture.

    Attributes:
        crop: the located product.
        embedding: (D,) float32, unit length.
        local: its keypoints and descriptors.
        words: printed on it, in canonical crop pixels, at most 100, those of the largest lines
            first (part `words`); None where they were not read.
    """

    crop: ReferenceCrop
    embedding: NDArray[np.float32]
    local: CompactFeatures
    words: tuple[PrintedWord, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EnrolledPicture:
    """A reference picture as its background is looked for: its encoding and its size."""

    encoding: Encoding
    size: PictureSize


@dataclass(frozen=True, slots=True, eq=False)
class OtherProduct:
    """Another product that may stand before the same background.

    Attributes:
        picture: the one that keypoints vote for.
        find_proven: returns some of its pictures that are sure to show the product alone; it reads
            the storage, and is only called if it matters.
    """

    picture: EnrolledPicture
    find_proven: Callable[[], Sequence[EnrolledPicture]]


@dataclass(frozen=True, slots=True, eq=False)
class SharedBackground:
    """The background of a picture.

    Attributes:
        cells: (n, n) bool over the upright picture; none are marked where nothing was found.
        shown_by: numbers of the other products that show parts of the picture, whatever these are.
    """

    cells: NDArray[np.bool_]
    shown_by: tuple[int, ...]


class KeypointCoder(Protocol):
    """Describes kept keypoints as a front end does; `matcher` implements it."""

    @property
    def codebook(self) -> KeypointCodebook:
        """Words and codes that the descriptors are quantised by."""

    def descriptors(self, local: CompactFeatures) -> NDArray[np.float32]:
        """Return (N, D) float32 unit descriptors of an encoding's keypoints."""


class Encoder(Protocol):
    """Turns reference pictures into encodings; `matcher` implements it."""

    @property
    def coder(self) -> KeypointCoder | None:
        """Describes the keypoints that it keeps; None where they cannot vote for want of words."""

    @property
    def part_ids(self) -> PartIds:
        """Ids of the parts that `encode` makes."""

    def encode(
        self,
        image: NDArray[np.uint8],
        siblings: Sequence[Encoding],
        choice: KeptChoice | None = None,
    ) -> Encoding:
        """Encode one reference picture.

        Args:
            image: (H, W, 3) uint8, RGB, upright.
            siblings: the same product's earlier references; they help to find the product in a
                picture that carries background.
            choice: what a person decided to keep of it; None to find that out.
        """

    def read_words(
        self, image: NDArray[np.uint8], crop: ReferenceCrop
    ) -> tuple[PrintedWord, ...] | None:
        """Return the words printed on a product that was located before.

        Args:
            image: (H, W, 3) uint8, RGB, upright; its reference picture.
            crop: the product in it.

        Returns:
            In canonical crop pixels, as in `Encoding`; None where there is no reader.
        """

    def find_background(
        self,
        picture: EnrolledPicture,
        relatives: Sequence[EnrolledPicture],
        others: Sequence[OtherProduct],
    ) -> SharedBackground:
        """Find what a reference picture shares with those of several unrelated products.

        Args:
            picture: of which product it is not told.
            relatives: the same product's other references.
            others: products whose pictures look alike somewhere, those with most votes first.
        """
