"""The result of a verification becomes votes, for the tracks that its matches speak about."""

from collections.abc import Sequence
from typing import Final

from matcher.imaging.box import Box
from matcher.results import Match, Verdict
from matcher.tracking.appearance import Sighting
from matcher.tracking.request import InFlightRequest
from matcher.tracking.state import FrameMatcherState
from matcher.tracking.tracker import Track
from matcher.tracking.visibility import view_quality
from stream.frame import Frame

SMALLEST_SIDE: Final = 8.0  # pixels; nothing smaller can be told apart
SAME_PLACE: Final = 0.5  # IoU of a verified box with the track it speaks about
FLOW_ONLY_SECONDS: Final = 0.2  # without a detection; then a failed verification counts as doubt


def count_matches(
    state: FrameMatcherState, matches: Sequence[Match], in_flight: InFlightRequest, frame: Frame
) -> bool:
    """Count matches, in pixels of the request's frame, as votes at the present frame.

    Returns:
        Whether one of them changed the name of an appearance.
    """
    grey = state.flow.last
    if grey is None or in_flight.is_cut:  # after a cut they tell of a scene that is over
        return False
    tracks, task = state.tracker.tracks, in_flight.request.task
    target = next((track for track in tracks if track.track_id == task), None)
    height, width = frame.image.shape[:2]
    appearances, is_renamed = state.appearances, False
    for match, moved in zip(matches, in_flight.to_present(matches, grey), strict=True):
        track = None if moved is None else _track_of(state, moved, target, frame)
        if track is None:
            continue
        appearance = appearances.begin(track, frame.index, frame.media_time)
        before = appearances.result_of(appearance).name
        if track is not target:
            quality = view_quality(track, grey, width, height)
            state.scheduler.record_track(track.track_id, quality, cost=0.0)
        if match.printed:
            state.scheduler.record_reading()
        sighting = Sighting(frame.index, frame.media_time, track.box, track.outline)
        if appearance.last.frame_index == frame.index:
            appearance.last = sighting
        appearances.add_match(track, match, *in_flight.evidence_of(match, sighting, frame))
        is_renamed |= appearances.result_of(appearance).name != before
    return is_renamed


def _track_of(
    state: FrameMatcherState, match: Match, target: Track | None, frame: Frame
) -> Track | None:
    """The track that a match speaks about; a verified outline may start one."""
    tracker, proof = state.tracker, match.verification
    if match.verdict is Verdict.IDENTICAL and proof is not None and len(proof.outline):
        height, width = frame.image.shape[:2]
        box = Box.around(proof.outline).clipped(width, height)
        if min(box.width, box.height) < SMALLEST_SIDE:
            return None
        return tracker.add_verified(box, proof.outline, frame.media_time)
    if target is not None:
        unseen = frame.media_time - target.last_seen > FLOW_ONLY_SECONDS
        if match.verdict is Verdict.UNKNOWN and unseen:
            target.withdraw_proof()  # only optical flow says that it is still there
        return target
    near = [
        track
        for track in tracker.tracks
        if track.in_view and track.box.iou(match.detection.box) >= SAME_PLACE
    ]
    return max(near, key=lambda track: track.box.iou(match.detection.box), default=None)
