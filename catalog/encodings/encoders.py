"""Encoders of a catalog: the process's own, and those that were made for the catalog alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import (
    Encoder,
    Encoding,
    EnrolledPicture,
    KeypointCoder,
    OtherProduct,
    PartIds,
    ReferenceCrop,
    SharedBackground,
)
from catalog.encodings.printed import PrintedWord
from catalog.errors import Conflict
from catalog.records.kept import KeptChoice

FindEncoder = Callable[[str, PartIds], Encoder | None]
"""Returns the encoder of a catalog by the networks of these ids; None where there is none."""


@dataclass(frozen=True, slots=True)
class EarlierEncoder:
    """An encoder by the same networks as an earlier one; its encodings join those of that one.

    Both cut the product out of its picture by other rules, which are usable beside each other.
    """

    part_ids: PartIds
    encoder: Encoder

    @property
    def coder(self) -> KeypointCoder | None:
        """Describes the keypoints that it keeps."""
        return self.encoder.coder

    def encode(
        self,
        image: NDArray[np.uint8],
        siblings: Sequence[Encoding],
        choice: KeptChoice | None = None,
    ) -> Encoding:
        """Encode one reference picture."""
        return self.encoder.encode(image, siblings, choice)

    def read_words(
        self, image: NDArray[np.uint8], crop: ReferenceCrop
    ) -> tuple[PrintedWord, ...] | None:
        """Return the words printed on a product that was located before."""
        return self.encoder.read_words(image, crop)

    def find_background(
        self,
        picture: EnrolledPicture,
        relatives: Sequence[EnrolledPicture],
        others: Sequence[OtherProduct],
    ) -> SharedBackground:
        """Find what a reference picture shares with those of several unrelated products."""
        return self.encoder.find_background(picture, relatives, others)


class CatalogEncoders:
    """Encoders of one catalog, by what they make."""

    def __init__(self, name: str, own: Encoder, others: FindEncoder | None = None) -> None:
        """Name the process's own encoder.

        Args:
            name: of the catalog.
            own: encodes new catalogs; catalogs are switched to it unless another is named.
            others: returns those that were made for a catalog; None for none.
        """
        self._name = name
        self._others = others
        self.own = own

    def find(self, part_ids: PartIds) -> Encoder | None:
        """Return the encoder that makes parts of these ids; None where this process lacks it.

        Parts that the same networks made in crops of an earlier version are usable, too.
        """
        encoder = self._by_networks(part_ids)
        if encoder is None or encoder.part_ids == part_ids:
            return encoder
        return EarlierEncoder(part_ids, encoder)

    def find_newer(self, part_ids: PartIds) -> Encoder | None:
        """Return what makes newer parts by the same networks; None where these are the newest.

        That this process reads no words makes nothing newer where others did.
        """
        encoder = self._by_networks(part_ids)
        if encoder is None:
            return None
        newest = encoder.part_ids
        known = part_ids if newest.words else part_ids.without_words
        return None if newest == known else encoder

    def _by_networks(self, part_ids: PartIds) -> Encoder | None:
        if part_ids.networks == self.own.part_ids.networks:
            return self.own
        other = None if self._others is None else self._others(self._name, part_ids)
        return other if other and other.part_ids.networks == part_ids.networks else None

    def get(self, part_ids: PartIds) -> Encoder:
        """Return the encoder that makes parts of these ids.

        Raises:
            Conflict: this process lacks it.
        """
        encoder = self.find(part_ids)
        if encoder is None:
            raise Conflict(describe_other_networks(self._name, part_ids, self.own.part_ids))
        return encoder


def describe_other_networks(name: str, have: PartIds, expected: PartIds) -> str:
    """Return the sentence for a catalog that was encoded by networks which are not here."""
    pairs = (
        ("crop", have.crop, expected.crop),
        ("embedding", have.embedding, expected.embedding),
        ("local", have.local, expected.local),
    )
    changed = ", ".join(f"{part} {old} is now {new}" for part, old, new in pairs if old != new)
    return (
        f"catalog {name} was encoded by other networks ({changed}); "
        f"encode it again with: skulens catalog model {name} --switch"
    )
