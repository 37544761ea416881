"""Networks that count the time spent in them, so that a frame can be compared with their sum."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NetworksT = TypeVar("NetworksT", bound="DataclassInstance")

# By the part of a pipeline: the method that is its network, and the name that it counts towards.
# Packing of features is no network and is not counted.
COUNTED: Final = {
    "detector": ("detect", "detect"),
    "embedder": ("embed", "embed"),
    "front_end": ("extract", "keypoints"),
    "matcher": ("match", "pair"),
    "comparator": ("differences", "compare"),
}


class NetworkClock:
    """Adds up milliseconds by network; calls inside a call count once, for the outer one."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, float] = {}
        self._is_inside = False

    @property
    def total_ms(self) -> float:
        """Of all networks."""
        return sum(self.milliseconds.values())

    @contextmanager
    def counting(self, network: str) -> Iterator[None]:
        """Count what happens inside towards a network."""
        if self._is_inside:
            yield
            return
        self._is_inside = True
        started = perf_counter()
        try:
            yield
        finally:
            self._is_inside = False
            spent = 1000 * (perf_counter() - started)
            self.milliseconds[network] = self.milliseconds.get(network, 0.0) + spent


def time_networks(networks: NetworksT, clock: NetworkClock) -> NetworksT:
    """Return the networks of a pipeline, each of them counted towards a name of its own.

    Args:
        networks: a dataclass with the fields of `COUNTED`.
        clock: counts.
    """
    counted = {
        part: _CountedNetwork(getattr(networks, part), method, name, clock)
        for part, (method, name) in COUNTED.items()
    }
    return replace(networks, **counted)


class _CountedNetwork:
    """Stands for a network: calls of one method are counted, everything else is the network's."""

    def __init__(self, network: object, method: str, name: str, clock: NetworkClock) -> None:
        self._network = network
        self._method = method
        self._name = name
        self._clock = clock

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 -- whatever the network has
        member = getattr(self._network, attribute)
        return self._clock.counting(self._name)(member) if attribute == self._method else member
