"""Plays a recorded session again, offline, as fast as it goes; the events are the same."""

from collections.abc import Callable, Iterator
from pathlib import Path

from matcher.engine import CatalogT, Finder, Step
from matcher.event import Event
from matcher.live.lane import Matches, News
from matcher.live.matching import Matching, stamped
from matcher.live.recording import Taken, read_session, read_taken
from matcher.live.region import FilteredFinder
from stream.frame import Frame


def replay(
    folder: Path, finder: Finder[CatalogT], catalog: Callable[[int], CatalogT]
) -> Iterator[Event]:
    """The events of a recorded session; blocks while networks run.

    Args:
        folder: of the recording.
        finder: as it was in the session.
        catalog: the snapshot of an `index_version`.

    Raises:
        LiveError: it is no recording, or damaged.
    """
    session = read_session(folder)
    filtered = FilteredFinder(finder, session.settings.regions, session.settings.smallest)
    matching = Matching(session.session_id, filtered, session.settings)
    running: Matches | None = None
    last: Frame | None = None
    for taken, frame in read_taken(folder):
        now = catalog(taken.index_version)
        if taken.begun and (wanted := matching.wanted()) is not None:
            running = wanted()
        step: Step | None
        if frame is None:
            step = matching.leave(now)
        else:
            step, last = matching.advance(frame, now, _news(taken, running)), frame
        if step is None or last is None:
            continue
        late, degraded = session.late_seconds, matching.degraded
        for event in step.events:
            yield stamped(event, last, taken.told_at, late, degraded=degraded)


def _news(taken: Taken, running: Matches | None) -> News:
    answer = None
    if taken.answered:
        answer = () if taken.failed or running is None else running
    return News(taken.begun, answer, taken.failed)
