"""The appearances of one source: joins tracks, lets them vote and reports transitions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.optical_flow import FrameMotion, move_box
from matcher.results import Match, Verdict
from matcher.tracking.appearance import Appearance, AppearanceSettings, AppearanceSummary, Sighting
from matcher.tracking.codec import recorded_as
from matcher.tracking.events import EventKind
from matcher.tracking.same_copy import is_covered, is_same_copy, place_distance
from matcher.tracking.tracker import Track
from matcher.tracking.voting import VoteResult

APART: Final = 0.05  # IoU with the leading track below which a track follows another copy


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in an appearance's life, before it is numbered and stamped as an event.

    Attributes:
        kind: which step.
        appearance_id: whose.
        track_id: the track that leads it.
        result: of the vote.
        sighting: the moment it is about.
        summary: for `left`, unless it goes on as another appearance.
    """

    kind: EventKind
    appearance_id: str
    track_id: int
    result: VoteResult
    sighting: Sighting
    summary: AppearanceSummary | None = None


@dataclass(slots=True, eq=False)
class AppearanceTracker:
    """The appearances that are not over yet.

    Attributes:
        settings: thresholds.
        session_id: the appearances' ids start with it.
        appearances: by number.
        next_number: of the next one.
    """

    settings: AppearanceSettings
    session_id: str = field(metadata=recorded_as("source"))
    appearances: list[Appearance] = field(default_factory=list)
    next_number: int = 1

    def of_track(self, track_id: int) -> Appearance | None:
        """Return the appearance that a track belongs to."""
        owners = (appearance for appearance in self.appearances if track_id in appearance.live)
        return next(owners, None)

    def id_of(self, appearance: Appearance) -> str:
        """Return the name of an appearance in events."""
        return f"{self.session_id}-{appearance.number}"

    def result_of(self, appearance: Appearance) -> VoteResult:
        """Return what the votes on an appearance say now."""
        settings = self.settings
        return appearance.votes.result(settings.vote, settings.calibration, appearance.reported)

    def follow(
        self,
        tracks: Sequence[Track],
        motion: FrameMotion,
        frame_index: int,
        time: float,
    ) -> None:
        """Bring every appearance to the current frame, at a media time in seconds."""
        by_id = {track.track_id: track for track in tracks}
        for appearance in self.appearances:
            self._follow_one(appearance, by_id, motion, frame_index, time)
        for track in tracks:
            if track.in_view and self.of_track(track.track_id) is None:
                self.begin(track, frame_index, time)

    def begin(self, track: Track, frame_index: int, time: float) -> Appearance:
        """Return the appearance of a track; a new one if it has none."""
        known = self.of_track(track.track_id)
        if known is not None:
            return known
        sighting = Sighting(frame_index, time, track.box, track.outline)
        ids = [track.track_id]
        begun = Appearance(self.next_number, sighting, sighting, track.box, ids, ids.copy())
        self.next_number += 1
        self.appearances.append(begun)
        return begun

    def add_match(
        self, track: Track, match: Match, sighting: Sighting, image: NDArray[np.uint8]
    ) -> None:
        """Count a verification of a track, seen in a (H, W, 3) RGB image."""
        appearance = self.begin(track, sighting.frame_index, sighting.media_time_s)
        if sighting.frame_index == appearance.last.frame_index:
            appearance.last = sighting
        appearance.add_match(match, sighting, image)

    def forget_products(self, known: Mapping[str, object]) -> None:
        """Strike out votes for products that are not among the known ones any more."""
        for appearance in self.appearances:
            named = {*appearance.votes.log_odds, *(item.product_id for item in appearance.printed)}
            for product_id in named - known.keys():
                appearance.forget(product_id)

    def settle(self, tracks: Sequence[Track], time: float) -> Iterator[Transition]:
        """Yield what has happened up to now."""
        by_id = {track.track_id: track for track in tracks}
        for appearance in list(self.appearances):
            result = self.result_of(appearance)
            if not appearance.announced and self._is_ready(appearance, result, by_id, time):
                yield from self._enter(appearance, result)
            elif appearance.announced and result.name != appearance.reported:
                yield from self._rename(appearance, result)
            elif appearance.announced and appearance.in_view:
                yield from self._give_way(appearance, result)
            if appearance in self.appearances and self._is_over(appearance, time):
                yield from self._leave(appearance)

    def finish(self) -> Iterator[Transition]:
        """Have everything leave: the source has ended."""
        for appearance in list(self.appearances):
            yield from self._leave(appearance)

    def _follow_one(
        self,
        appearance: Appearance,
        by_id: Mapping[int, Track],
        motion: FrameMotion,
        frame_index: int,
        time: float,
    ) -> None:
        live = [by_id[track_id] for track_id in appearance.live if track_id in by_id]
        live.sort(key=lambda track: (not track.in_view, not track.verified, track.track_id))
        for stray in live[1:]:
            if stray.in_view and live[0].box.iou(stray.box) < APART:
                live.remove(stray)
        appearance.live = [track.track_id for track in live]
        appearance.in_view = bool(live) and live[0].in_view
        if appearance.in_view:
            appearance.last = Sighting(frame_index, time, live[0].box, live[0].outline)
            appearance.place = live[0].box
        else:
            appearance.place = move_box(appearance.place, motion.camera)
        appearance.severed = motion.is_cut or (appearance.severed and not appearance.in_view)

    def _is_ready(
        self, appearance: Appearance, result: VoteResult, by_id: Mapping[int, Track], time: float
    ) -> bool:
        """Whether it may be announced: named, or long and surely enough in view."""
        if result.name is not None:
            return True
        if not appearance.in_view or not appearance.votes.looks:
            return False
        track = by_id[appearance.live[0]]
        is_long = time - appearance.first.media_time_s >= self.settings.unknown_seconds
        is_sure = track.verified or track.confidence >= self.settings.unknown_confidence
        return is_long and is_sure and not self._is_covered(appearance)

    def _is_covered(self, appearance: Appearance) -> bool:
        named = [
            other.last.box
            for other in self.appearances
            if other.reported is not None and other.in_view and other is not appearance
        ]
        return is_covered(appearance.last.box, named, self.settings.same_containment)

    def _enter(self, appearance: Appearance, result: VoteResult) -> Iterator[Transition]:
        older = self._older(appearance, result)
        if older is not None:
            self._join(older, appearance)
            return
        appearance.announced = True
        if result.name is None:
            yield self._transition(EventKind.ENTERED, appearance, result, appearance.first)
            return
        unnamed = VoteResult(None, Verdict.UNKNOWN, result.probability)
        yield self._transition(EventKind.ENTERED, appearance, unnamed, appearance.first)
        yield from self._rename(appearance, result)

    def _rename(self, appearance: Appearance, result: VoteResult) -> Iterator[Transition]:
        if not appearance.confirmed:
            older = self._older(appearance, result)
            if older is not None:
                unnamed = VoteResult(None, Verdict.UNKNOWN, result.probability)
                yield self._transition(EventKind.LEFT, appearance, unnamed, appearance.last)
                self._join(older, appearance)
                return
        kind = EventKind.REVISED if appearance.confirmed else EventKind.CONFIRMED
        appearance.reported = result.name
        appearance.confirmed = True
        yield self._transition(kind, appearance, result, appearance.last)

    def _give_way(self, appearance: Appearance, result: VoteResult) -> Iterator[Transition]:
        """End what moved into the place of a named product: it is no appearance of its own."""
        if result.name is None:
            if self._is_covered(appearance):
                self.appearances.remove(appearance)
                yield self._transition(EventKind.LEFT, appearance, result, appearance.last)
            return
        older = self._older(appearance, result)
        if older is not None and older.in_view and older.number < appearance.number:
            yield self._transition(EventKind.LEFT, appearance, result, appearance.last)
            self._join(older, appearance)

    def _leave(self, appearance: Appearance) -> Iterator[Transition]:
        self.appearances.remove(appearance)
        if appearance.announced:
            result = self.result_of(appearance)
            summary = appearance.summarise(self.id_of(appearance), result)
            yield self._transition(EventKind.LEFT, appearance, result, appearance.last, summary)

    def _is_over(self, appearance: Appearance, time: float) -> bool:
        if appearance.live:
            return False
        gap = self.settings.gap_seconds if appearance.reported is not None else 0.0
        return time - appearance.last.media_time_s > gap

    def _older(self, appearance: Appearance, result: VoteResult) -> Appearance | None:
        """The announced appearance that this one continues or doubles, the nearest if several."""
        same = [
            other
            for other in self.appearances
            if other.announced
            and other is not appearance
            and is_same_copy(other, appearance, result.name, self.settings)
        ]
        return min(same, key=lambda other: place_distance(other, appearance), default=None)

    def _join(self, older: Appearance, younger: Appearance) -> None:
        older.absorb(younger)
        self.appearances.remove(younger)

    def _transition(
        self,
        kind: EventKind,
        appearance: Appearance,
        result: VoteResult,
        sighting: Sighting,
        summary: AppearanceSummary | None = None,
    ) -> Transition:
        leader = appearance.live[0] if appearance.live else appearance.track_ids[-1]
        return Transition(kind, self.id_of(appearance), leader, result, sighting, summary)
