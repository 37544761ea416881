"""Both round trips of a search by photo, over HTTP: what is meant, then the nearest products."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import psutil

from bench.progress import Progress, silent
from bench.table import Figures, Table

# Makes both trips once; answers what each took.
MakeTrips = Callable[[], "TripTimes"]


@dataclass(frozen=True, slots=True)
class TripTimes:
    """Milliseconds of one search by photo.

    Attributes:
        service: that the first answer says the service spent on it, from decoding on.
        first: from sending the small picture to its answer.
        cut: of the phone's own work between: cutting and encoding.
        second: from sending what was cut out to its answer.
    """

    service: float
    first: float
    cut: float
    second: float

    @property
    def both(self) -> float:
        """All of it."""
        return self.first + self.cut + self.second


@dataclass(frozen=True, slots=True)
class TripFigures:
    """One part of the way, in milliseconds."""

    name: str
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class TripResult(Figures):
    """All parts.

    Attributes:
        products: in the catalog.
        requests: that were measured.
        parts: of the way.
        load: of the machine over a minute, before and after.
    """

    products: int
    requests: int
    parts: tuple[TripFigures, ...]
    load: tuple[float, float]

    def table(self) -> Table:
        """For people."""
        rows = [(part.name, f"{part.p50_ms:.1f}", f"{part.p95_ms:.1f}") for part in self.parts]
        notes = (
            f"{self.requests} searches, {self.products} products, one client over loopback",
            f"load of the machine: {self.load[0]:.1f} before, {self.load[1]:.1f} after",
        )
        return Table("two round trips", ("part", "ms p50", "p95"), tuple(rows), notes)


def measure_trips(
    make: MakeTrips, products: int, requests: int, warm: int = 10, on_progress: Progress = silent
) -> TripResult:
    """Make the trips again and again, one after another.

    Args:
        make: both trips.
        products: in the catalog, for the table.
        requests: that are measured.
        warm: trips before.
        on_progress: called after trips.
    """
    load = psutil.getloadavg()[0]
    for _ in range(warm):
        make()
    times = []
    for number in range(requests):
        times.append(make())
        on_progress("searching by photo", number + 1, requests)
    return TripResult(products, requests, _parts(times), (load, psutil.getloadavg()[0]))


def _parts(times: Sequence[TripTimes]) -> tuple[TripFigures, ...]:
    columns = {
        "first trip, in the service": [trips.service for trips in times],
        "first trip": [trips.first for trips in times],
        "cutting, on the phone's side": [trips.cut for trips in times],
        "second trip": [trips.second for trips in times],
        "both trips": [trips.both for trips in times],
    }
    found = []
    for name, values in columns.items():
        p50, p95 = (float(value) for value in np.percentile(values, (50, 95)))
        found.append(TripFigures(name, p50, p95))
    return tuple(found)
