"""Match the frames of one source: track on every frame, verify only where it pays.

The cycle of a frame of a live source, in order (a file's frame does 4, 5 and 2 again and again
before 3):

1. `track`: detect, follow by optical flow, associate, earn verification budget.
2. `apply_result`, if a verification has ended: move its matches to this frame and count votes.
3. `emit`: turn what has changed into numbered events, and list what there is to draw.
4. `most_urgent` and `next_request`: choose what to verify next.
5. `mark_started`, when somebody has taken that request up; its result comes in a later cycle.

Work is budgeted per second of *media* time and no clock is read, so the same frames give the same
events, live or replayed.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, Generic

import numpy as np

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import FrameMotion
from matcher.results import Detection, KnownPrint, Match
from matcher.tracking.appearances import Transition
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.output import MatchedFrame, OverlayItem, event_of, overlay_of
from matcher.tracking.request import InFlightRequest, VerificationRequest, run_request
from matcher.tracking.result import count_matches
from matcher.tracking.scheduler import WHOLE_PICTURE, DueTask, VerifiableTrack
from matcher.tracking.state import FrameMatcherSettings, FrameMatcherState, SessionInfo
from matcher.tracking.tracker import Track
from matcher.tracking.visibility import seconds_in_view, view_quality
from stream.frame import Frame

MOVING: Final = 0.05  # picture widths per second from which the camera shows new things


class FrameMatcher(Generic[CatalogT]):
    """Matches the frames of one source, one after the other; for one thread.

    Attributes:
        settings: all thresholds.
        state: what one frame hands to the next; may be saved and set between two frames.
    """

    def __init__(
        self,
        finder: Finder[CatalogT],
        session: SessionInfo,
        settings: FrameMatcherSettings | None = None,
    ) -> None:
        self._finder = finder
        self._session = session
        self.settings = settings if settings is not None else FrameMatcherSettings()
        self.state = FrameMatcherState.initial(self.settings, session)
        self._in_flight: InFlightRequest | None = None

    def match_frame(self, frame: Frame, catalog: CatalogT) -> MatchedFrame:
        """Run a whole cycle, with every verification earned; blocks while networks run."""
        self.track(frame, catalog)
        while (request := self.next_request(self.most_urgent(frame), frame)) is not None:
            self.mark_started(request)
            self.apply_result(run_request(self._finder, request, catalog), frame, catalog)
        return self.emit(frame, catalog)

    def track(self, frame: Frame, catalog: CatalogT) -> None:
        """Detect and track: the fast path."""
        state, (height, width) = self.state, frame.image.shape[:2]
        detections = self._finder.detect(frame.image)
        motion = state.flow.follow(frame.image, self._boxes_in_view())
        state.tracker.update(detections, motion, frame.media_time)
        state.tracker.lose_outside(width, height)
        if self._in_flight is not None:
            self._in_flight.carry(motion)
        if catalog.index_version != state.index_version:
            state.appearances.forget_products(catalog.products)
            state.index_version = catalog.index_version
        state.scheduler.earn(frame.media_time, state.flow.sharpness)
        self._measure_pan(motion, frame)
        state.frame_index, state.media_time_s = frame.index, frame.media_time
        tracks = state.tracker.tracks
        state.appearances.follow(tracks, motion, frame.index, frame.media_time)
        state.scheduler.retain({track.track_id for track in tracks})

    def most_urgent(self, frame: Frame) -> DueTask | None:
        """Return the most urgent verification not started yet, about the frame last tracked."""
        in_flight = None if self._in_flight is None else self._in_flight.request.task
        return self.state.scheduler.most_urgent(self._verifiable(frame), in_flight)

    def next_request(self, due: DueTask | None, frame: Frame) -> VerificationRequest | None:
        """Return the request for a task from `most_urgent`; None while one is in flight."""
        if due is None or self._in_flight is not None:
            return None
        if due.task == WHOLE_PICTURE:
            return VerificationRequest(
                frame, due.task, None, 0.0, due.deadline, self._known_prints()
            )
        track = next(track for track in self.state.tracker.tracks if track.track_id == due.task)
        detection = Detection(track.box, track.confidence)
        quality = self._quality(track, frame)
        known = self._known_prints()
        return VerificationRequest(frame, due.task, detection, quality, due.deadline, known)

    def mark_started(self, request: VerificationRequest) -> None:
        """Note that a request about the frame last tracked is being worked on."""
        tracks = self.state.tracker.tracks
        self._in_flight = InFlightRequest(request, {track.track_id: track.box for track in tracks})

    def apply_result(self, matches: Sequence[Match], frame: Frame, catalog: CatalogT) -> None:
        """Count the result of the request in flight as votes, at the frame last tracked.

        Args:
            matches: in pixels of the request's frame; none if it failed.
            frame: the one last tracked.
            catalog: the present snapshot.

        Raises:
            RuntimeError: no request is in flight.
        """
        in_flight, self._in_flight = self._in_flight, None
        if in_flight is None:
            raise RuntimeError("an answer came, but nothing was asked")
        state, request = self.state, in_flight.request
        found_new = count_matches(state, matches, in_flight, frame)
        if request.task != WHOLE_PICTURE:
            state.scheduler.record_track(request.task, request.quality)
        elif not in_flight.is_cut:  # after a cut the whole picture is due already
            found_new = found_new or self._is_panning(frame)
            state.scheduler.record_whole_picture(found_new=found_new)
        if in_flight.frames:  # a product that was found may have left the catalog meanwhile
            state.appearances.forget_products(catalog.products)

    def emit(self, frame: Frame, catalog: CatalogT) -> MatchedFrame:
        """Return the events and the overlay of the frame last tracked."""
        appearances = self.state.appearances
        transitions = list(appearances.settle(self.state.tracker.tracks, frame.media_time))
        return self._matched(transitions, catalog, overlay_of(appearances))

    def finish(self, catalog: CatalogT) -> MatchedFrame:
        """Have whatever is in view leave, because the source has ended or fallen silent."""
        return self._matched(list(self.state.appearances.finish()), catalog, ())

    def _boxes_in_view(self) -> dict[int, Box]:
        """Boxes of the tracks in view by id, verified ones first: flow has points for a few."""
        in_view = [track for track in self.state.tracker.tracks if track.in_view]
        in_view.sort(key=lambda track: not track.verified)
        return {track.track_id: track.box for track in in_view}

    def _measure_pan(self, motion: FrameMotion, frame: Frame) -> None:
        state = self.state
        seconds = frame.media_time - state.media_time_s
        if motion.is_cut:
            state.scheduler.record_cut()
        if seconds > 0:
            centre = np.array([frame.image.shape[1] / 2, frame.image.shape[0] / 2])
            shift = motion.camera[:, :2] @ centre + motion.camera[:, 2] - centre
            state.pan = (float(shift[0] / seconds), float(shift[1] / seconds))

    def _is_panning(self, frame: Frame) -> bool:
        speed = np.hypot(self.state.pan[0], self.state.pan[1])
        return bool(speed > MOVING * frame.image.shape[1])

    def _verifiable(self, frame: Frame) -> Iterator[VerifiableTrack]:
        """Tracks that lead an appearance in view."""
        height, width = frame.image.shape[:2]
        appearances = self.state.appearances
        for track in self.state.tracker.tracks:
            appearance = appearances.of_track(track.track_id)
            if not track.in_view or appearance is None or track.track_id != appearance.live[0]:
                continue
            name = appearances.result_of(appearance).name
            identical = appearance.votes.identical
            agreeing = 0 if name is None else identical.get(name, 0)
            if (name is None and identical) or (name is not None and not track.verified):
                # Another verification may settle it: a twin was near, or it was lost since.
                agreeing = 1
            yield VerifiableTrack(
                track.track_id,
                track.first_seen,
                seconds_in_view(track, self.state.pan, width, height),
                partial(self._quality, track, frame),
                agreeing,
            )

    def _known_prints(self) -> tuple[KnownPrint, ...]:
        """Return what needs not be read again, of every appearance in view."""
        appearances = self.state.appearances
        return tuple(
            KnownPrint(appearance.last.box, appearance.printed, appearance.reported)
            for appearance in appearances.appearances
            if appearance.in_view and (appearance.printed or appearance.reported is not None)
        )

    def _quality(self, track: Track, frame: Frame) -> float:
        height, width = frame.image.shape[:2]
        return view_quality(track, self.state.flow.last, width, height)

    def _matched(
        self, transitions: Sequence[Transition], catalog: CatalogT, overlay: tuple[OverlayItem, ...]
    ) -> MatchedFrame:
        state, session, time = self.state, self._session, self.state.media_time_s
        events = tuple(
            event_of(transition, number, session, catalog, time)
            for number, transition in enumerate(transitions, state.sequence + 1)
        )
        state.sequence += len(events)
        summaries = tuple(ended.summary for ended in transitions if ended.summary is not None)
        return MatchedFrame(state.frame_index, time, overlay, events, summaries)
