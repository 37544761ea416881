"""Encoders of a catalog: the process's own, and those that were made for the catalog alone."""

from collections.abc import Callable

from catalog.encodings.encoding import Encoder, PartIds
from catalog.errors import Conflict

FindEncoder = Callable[[str, PartIds], Encoder | None]
"""Returns the encoder of a catalog that makes parts of these ids; None where there is none."""


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
        """Return the encoder that makes parts of these ids; None where this process lacks it."""
        if part_ids == self.own.part_ids:
            return self.own
        return None if self._others is None else self._others(self._name, part_ids)

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
