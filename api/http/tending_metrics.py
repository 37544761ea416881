"""Figures for Prometheus: how the storage of each catalog was found when it was looked after."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from api.tending import Tended
from catalog.reconcile.report import Kind

_FIGURES: Final[tuple[tuple[str, str, Callable[[Tended], float]], ...]] = (
    ("synced_seconds", "Unix time of the last look", lambda one: one.synced_at),
    ("reconciled_seconds", "Unix time of the last comparison", lambda one: one.reconciled_at),
    ("drift", "Share of what was compared that differed", lambda one: one.drift),
    ("failed", "The last look failed", lambda one: bool(one.fault)),
    ("withheld", "Removals that somebody has to confirm", lambda one: one.count(Kind.WITHHELD)),
    ("problems", "What somebody has to mend", lambda one: one.count(Kind.PROBLEM)),
)


class TendedNow(Collector):
    """How every catalog was found, by name."""

    def __init__(self, tended: Mapping[str, Tended]) -> None:
        self._tended = tended

    @override
    def collect(self) -> Iterator[Metric]:
        for name, said, value in _FIGURES:
            family = GaugeMetricFamily(f"skulens_storage_{name}", said, labels=("catalog",))
            for catalog, one in self._tended.items():
                family.add_metric((catalog,), float(value(one)))
            yield family
