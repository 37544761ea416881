"""Calibrations: how a catalog decides, as its journal keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from catalog.errors import Invalid

# One for each set of networks that the catalog was calibrated with, so that going back to earlier
# networks goes back to their calibration, too.
MOST_CALIBRATIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Calibration:
    """From which probability a product is called `identical`, and what a probability means.

    The names of its fields are the keys of its JSON.

    Attributes:
        model_id: of the networks and the decision that it was made with; holds for no others.
        at: ISO 8601, UTC.
        false_accept_rate: that was asked for, in (0, 1).
        threshold: probability from which a product is called `identical`, in (0, 1].
        slope: factor of an answer's log-odds, above 0; None as shipped.
        offset: added to the log-odds; None as shipped.
        unknown_share: expected share of unknowns, in (0, 1); None as shipped.
        samples: how many of each kind it was made from; read-only.
    """

    model_id: str
    at: str
    false_accept_rate: float
    threshold: float
    slope: float | None = None
    offset: float | None = None
    unknown_share: float | None = None
    samples: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            Invalid: a number is out of its range.
        """
        shares = (self.false_accept_rate, self.unknown_share)
        in_range = all(share is None or 0 < share < 1 for share in shares)
        if not in_range or not 0 < self.threshold <= 1:
            raise Invalid("rates, shares and thresholds of a calibration lie between 0 and 1")
        if (self.slope is None) != (self.offset is None) or not (
            self.slope is None or self.slope > 0
        ):
            raise Invalid("a calibration's slope is above 0 and comes with an offset")
