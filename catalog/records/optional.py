"""Fields that a record leaves out while they have their default, so that older ones read alike."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

_MARK: Final = "written if set"
WRITTEN_IF_SET: Final[Mapping[str, bool]] = {_MARK: True}  # metadata of such a field


def written_if_set(kind: type[Any]) -> frozenset[str]:
    """Return the names of a dataclass's fields that are marked so."""
    if not is_dataclass(kind):
        return frozenset()
    return frozenset(field.name for field in fields(kind) if field.metadata.get(_MARK))
