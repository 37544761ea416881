"""Which networks can encode for a catalog: the process's own, and those made for it alone."""

from collections.abc import Callable

from catalog.encodings.encoding import Encoder, PartIds
from catalog.errors import Conflict

FindEncoder = Callable[[str, PartIds], Encoder | None]
"""Gives the encoder of a catalog that makes parts of these ids; None where it cannot be had."""


class CatalogEncoders:
    """CatalogEncoders of one catalog, by what they make."""

    def __init__(self, name: str, own: Encoder, others: FindEncoder | None = None) -> None:
        """Take the process's own encoder.

        Args:
            name: of the catalog.
            own: encodes new catalogs, and what is switched to when nothing else is said.
            others: gives those that were made for a catalog; None for none.
        """
        self._name = name
        self._others = others
        self.own = own

    def find(self, part_ids: PartIds) -> Encoder | None:
        """The encoder that makes parts of these ids; None where this process lacks it."""
        if part_ids == self.own.part_ids:
            return self.own
        return None if self._others is None else self._others(self._name, part_ids)

    def of(self, part_ids: PartIds) -> Encoder:
        """The encoder that makes parts of these ids.

        Raises:
            Conflict: this process lacks it.
        """
        found = self.find(part_ids)
        if found is None:
            raise Conflict(describe_other_networks(self._name, part_ids, self.own.part_ids))
        return found


def describe_other_networks(name: str, have: PartIds, expected: PartIds) -> str:
    """The sentence for a catalog that was encoded by networks that are not here."""
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
