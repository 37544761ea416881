"""Match a short clip from its first frame to its last, and tell what was reported of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Generic

import numpy as np
from numpy.typing import NDArray

from matcher.results import Verdict
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.output import MatchedFrame
from matcher.tracking.state import FrameMatcherSettings, SessionInfo
from matcher.tracking.voting import Standing
from stream.frame import Frame

_SESSION: Final = "clip"


@dataclass(frozen=True, slots=True)
class ClipOutcome:
    """The answer to a clip.

    Attributes:
        named: products that any appearance was reported as, at any moment.
        standings: how the votes on each appearance stood after each of its looks.
    """

    named: frozenset[str]
    standings: tuple[Standing, ...]


class ClipMatcher(Generic[CatalogT]):
    """Matches clips by one catalog; time is that of the frames, so no clock decides anything."""

    def __init__(
        self,
        finder: Finder[CatalogT],
        catalog: CatalogT,
        settings: FrameMatcherSettings | None = None,
    ) -> None:
        self._finder = finder
        self._catalog = catalog
        self._settings = settings

    def match(self, images: Iterable[NDArray[np.uint8]], frames_per_second: float) -> ClipOutcome:
        """Match (H, W, 3) uint8 RGB frames, each when it comes; blocks meanwhile."""
        matcher = FrameMatcher(self._finder, SessionInfo(_SESSION, 0.0), self._settings)
        named: set[str] = set()
        standings: list[Standing] = []
        looks: dict[int, int] = {}
        for index, image in enumerate(images):
            time = index / frames_per_second
            matched = matcher.match_frame(Frame(_SESSION, index, time, time, image), self._catalog)
            named |= _named(matched)
            for appearance in matcher.state.appearances.appearances:
                votes = appearance.votes
                standing = votes.standing()
                if standing is not None and looks.get(appearance.number) != votes.looks:
                    looks[appearance.number] = votes.looks
                    standings.append(standing)
        return ClipOutcome(frozenset(named), tuple(standings))


def _named(matched: MatchedFrame) -> set[str]:
    return {
        event.product_id
        for event in matched.events
        if event.verdict is Verdict.IDENTICAL and event.product_id is not None
    }
