"""How a catalog decides, as its journal keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from catalog.errors import Invalid
from catalog.records.codec import Json, Malformed, mapping, number, text

# One for each set of networks that the catalog was calibrated with, so that going back to earlier
# networks goes back to their calibration, too.
MOST_CALIBRATIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Calibration:
    """From which probability a product is called `identical`, and what a probability means.

    Attributes:
        model_id: of the networks and the decision that it was made with; holds for no others.
        at: ISO 8601, UTC.
        false_accept_rate: that was asked for, in (0, 1).
        threshold: probability from which a product is called `identical`, in (0, 1].
        slope: of an answer's log-odds; None as shipped.
        offset: likewise, what is added to them; None as shipped.
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
        if not all(one is None or 0 < one < 1 for one in shares) or not 0 < self.threshold <= 1:
            raise Invalid("rates, shares and thresholds of a calibration lie between 0 and 1")
        if (self.slope is None) != (self.offset is None) or not (
            self.slope is None or self.slope > 0
        ):
            raise Invalid("a calibration's slope is above 0 and comes with an offset")


def calibration_record(calibration: Calibration) -> Json:
    """A calibration as JSON."""
    return {
        "model_id": calibration.model_id,
        "at": calibration.at,
        "false_accept_rate": calibration.false_accept_rate,
        "threshold": calibration.threshold,
        "slope": calibration.slope,
        "offset": calibration.offset,
        "unknown_share": calibration.unknown_share,
        "samples": dict(calibration.samples),
    }


def calibration_from(record: Json) -> Calibration:
    """The calibration of `calibration_record`.

    Raises:
        Malformed: it is none.
    """
    samples = mapping(record.get("samples"))
    try:
        return Calibration(
            model_id=text(record, "model_id"),
            at=text(record, "at"),
            false_accept_rate=_share(record, "false_accept_rate"),
            threshold=_share(record, "threshold"),
            slope=_optional(record, "slope"),
            offset=_optional(record, "offset"),
            unknown_share=_optional(record, "unknown_share"),
            samples=MappingProxyType({kind: number(samples, kind) for kind in samples}),
        )
    except Invalid as error:
        raise Malformed(str(error)) from error


def _share(record: Json, key: str) -> float:
    value = _optional(record, key)
    if value is None:
        raise Malformed(f"{key!r} should be a number")
    return value


def _optional(record: Json, key: str) -> float | None:
    value = record.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise Malformed(f"{key!r} should be a number")
    return None if value is None else float(value)
