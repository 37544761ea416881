"""The story that a frame matcher tells of a drawn world."""

from matcher.tracking.frame_matcher import FrameMatcher
from matcher.tracking.output import MatchedFrame
from matcher.tracking.state import FrameMatcherSettings, SessionInfo
from tests.matcher.world import WorldCatalog, WorldFinder

CATALOG = WorldCatalog()


def matcher_of(
    finder: WorldFinder, settings: FrameMatcherSettings | None = None
) -> FrameMatcher[WorldCatalog]:
    return FrameMatcher(finder, SessionInfo("s", 1_700_000_000.0), settings)


def watch(finder: WorldFinder, seconds: float) -> list[MatchedFrame]:
    matcher = matcher_of(finder)
    frames = [matcher.match_frame(frame, CATALOG) for frame in finder.world.frames(seconds)]
    return [*frames, matcher.finish(CATALOG)]


def story(frames: list[MatchedFrame]) -> list[tuple[str, str, str | None]]:
    return [
        (event.appearance_id, str(event.event), event.product_id)
        for frame in frames
        for event in frame.events
    ]
