"""How long each kind of work takes, by how long it took lately."""

from typing import Final

ASSUMED_S: Final = 1.0  # of what was never done yet: a photo takes so long on two cores
NEWEST: Final = 0.3  # weight of the newest time; the load of a machine changes within minutes


class WorkTimes:
    """Expected times, by kind of work; for one thread. Kinds are few: they are functions."""

    def __init__(self) -> None:
        self._expected: dict[str, float] = {}

    def expected_s(self, kind: str) -> float:
        """Return the seconds that work of a kind is likely to take."""
        return self._expected.get(kind, ASSUMED_S)

    def add(self, kind: str, seconds: float) -> None:
        """Take note of work that was done."""
        before = self._expected.get(kind, seconds)
        self._expected[kind] = before + NEWEST * (seconds - before)
