"""The output of a matched frame: events, and an overlay to draw."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import Verdict
from matcher.tracking.appearance import AppearanceSummary
from matcher.tracking.appearances import AppearanceTracker, Transition
from matcher.tracking.events import Event
from matcher.tracking.finder import VersionedCatalog
from matcher.tracking.state import SessionInfo


@dataclass(frozen=True, slots=True, eq=False)
class OverlayItem:
    """An appearance as it is to be drawn over one frame.

    Attributes:
        track_id: the track that leads it.
        appearance_id: as in events.
        box: pixels.
        outline: (4, 2) float32, pixels, or (0, 2) before a verification.
        product_id: None while unknown.
        verdict: the decision so far.
        probability: in [0, 1], of the product.
    """

    track_id: int
    appearance_id: str
    box: Box
    outline: NDArray[np.float32]
    product_id: str | None
    verdict: Verdict
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class MatchedFrame:
    """The outcome of one frame.

    Attributes:
        frame_index: of the source.
        media_time_s: seconds.
        overlay: what is in view, by appearance.
        events: what happened, in order.
        summaries: of appearances that are over, in the order of their `left` events.
    """

    frame_index: int
    media_time_s: float
    overlay: tuple[OverlayItem, ...]
    events: tuple[Event, ...]
    summaries: tuple[AppearanceSummary, ...]


def overlay_of(appearances: AppearanceTracker) -> tuple[OverlayItem, ...]:
    """Return what there is to draw now: of every announced appearance that is in view."""
    return tuple(
        OverlayItem(
            appearance.live[0],
            appearances.id_of(appearance),
            appearance.last.box,
            appearance.last.outline,
            result.product_id,
            result.verdict,
            result.probability,
        )
        for appearance in appearances.appearances
        if appearance.announced and appearance.in_view
        for result in [appearances.result_of(appearance)]
    )


def event_of(
    transition: Transition,
    sequence: int,
    session: SessionInfo,
    catalog: VersionedCatalog,
    media_time_s: float,
) -> Event:
    """Return a transition as an event, numbered, and stamped with the time of the present frame.

    Age and lateness are left at zero: only the moment of emission knows them.
    """
    result, sighting = transition.result, transition.sighting
    return Event(
        sequence=sequence,
        event=transition.kind,
        catalog=catalog.name,
        session_id=session.session_id,
        appearance_id=transition.appearance_id,
        track_id=transition.track_id,
        product_id=result.product_id,
        verdict=result.verdict,
        probability=result.probability,
        box=sighting.box,
        outline=sighting.outline,
        frame_index=sighting.frame_index,
        media_time_s=sighting.media_time_s,
        timestamp=_utc(session.started_at + media_time_s),
        frame_age_ms=0.0,
        late=False,
        index_version=catalog.index_version,
        degraded=False,
    )


def _utc(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
