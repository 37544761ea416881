"""What makes the looks of all sessions, and the simplest way to do it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from matcher.match import Match

Matches = tuple[Match, ...]


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """What became of the offer that a session made last.

    Attributes:
        begun: it was taken up since the last time news were asked for.
        answer: what came of the look that was under way; None while there is none.
        failed: the look broke; the answer is then empty.
    """

    begun: bool = False
    answer: Matches | None = None
    failed: bool = False


class Lane(Protocol):
    """What makes the looks of all sessions."""

    def offer(self, key: str, look: Callable[[], Matches]) -> None:
        """Put a look in the place of the one offered before."""
        ...

    def news(self, key: str) -> News:
        """What became of it; an offer that was not taken up is withdrawn."""
        ...

    def forget(self, key: str) -> None:
        """A session is over."""
        ...

    def close(self, timeout: float) -> bool:
        """End."""
        ...


class InlineLane:
    """Makes a look when it is offered, in the first lane's thread; implements `Lane`.

    Every frame waits as long as a look takes: here to be measured against.
    """

    def __init__(self) -> None:
        self._answers: dict[str, Matches] = {}

    def offer(self, key: str, look: Callable[[], Matches]) -> None:
        """Make the look now."""
        self._answers[key] = look()

    def news(self, key: str) -> News:
        """Its answer."""
        answer = self._answers.pop(key, None)
        return News(begun=answer is not None, answer=answer)

    def forget(self, key: str) -> None:
        """Its answer is not wanted any more."""
        self._answers.pop(key, None)

    def close(self, timeout: float) -> bool:  # noqa: ARG002 -- nothing to wait for
        """Nothing is under way."""
        return True
