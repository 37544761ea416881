"""Fields that were added to dataclasses after files with records of them had been written.

They are left out of a record while they have their default (`matcher.tracking.codec`), so that what
earlier versions wrote is read and written alike.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

IF_SET: Final = "recorded if set"
RECORDED_IF_SET: Final[Mapping[str, bool]] = MappingProxyType({IF_SET: True})
"""Metadata of such a field, which needs a default that is no factory."""
