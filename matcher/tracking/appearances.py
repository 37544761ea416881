"""Keeps the appearances of one source: joins tracks, lets them vote and says what happens."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import FrameMotion, move_box
from matcher.results import Match, Verdict
from matcher.tracking.appearance import Appearance, AppearanceSummary, Sighting
from matcher.tracking.events import EventKind
from matcher.tracking.tracker import Track
from matcher.tracking.voting import TrackCalibration, VoteResult, VoteSettings


@dataclass(frozen=True, slots=True)
class AppearanceSettings:
    """When something has entered, left, or is the same as before.

    Attributes:
        vote: when a vote is an answer.
        calibration: of a track's probability.
        unknown_seconds: an unknown thing is announced after this long in view, and not before it
            was looked at.
        unknown_confidence: of its detections, which it also needs.
        gap_seconds: a product that comes back within this is still the same appearance.
        near: distance between two places, in shares of the box's sides, that are one place.
        same_overlap: IoU from which two tracks of one product are one copy.
        same_containment: likewise, share of the smaller box.
    """

    vote: VoteSettings = field(default_factory=VoteSettings)
    calibration: TrackCalibration = field(default_factory=TrackCalibration)
    unknown_seconds: float = 0.6
    unknown_confidence: float = 0.35
    gap_seconds: float = 3.0
    near: float = 0.6
    same_overlap: float = 0.45
    same_containment: float = 0.7


@dataclass(frozen=True, slots=True)
class Transition:
    """One step in an appearance's life, before it is numbered and stamped as an event.

    Attributes:
        kind: which step.
        appearance_id: whose.
        track_id: the track that leads it.
        answer: what is said.
        sighting: the moment it is said about.
        summary: for `left`, unless it goes on as another appearance.
    """

    kind: EventKind
    appearance_id: str
    track_id: int
    answer: VoteResult
    sighting: Sighting
    summary: AppearanceSummary | None = None


@dataclass(slots=True, eq=False)
class AppearanceTracker:
    """The appearances that are not over yet.

    Attributes:
        settings: thresholds.
        source: what the appearances' ids start with.
        appearances: by number.
        next_number: of the next one.
    """

    settings: AppearanceSettings
    source: str
    appearances: list[Appearance] = field(default_factory=list)
    next_number: int = 1

    def of_track(self, track_id: int) -> Appearance | None:
        """The appearance a track belongs to."""
        return next((each for each in self.appearances if track_id in each.live), None)

    def id_of(self, appearance: Appearance) -> str:
        """Its name in events."""
        return f"{self.source}-{appearance.number}"

    def answer(self, appearance: Appearance) -> VoteResult:
        """What is said of it now."""
        settings = self.settings
        return appearance.ballot.answer(settings.vote, settings.calibration, appearance.given)

    def follow(
        self,
        tracks: Sequence[Track],
        motion: FrameMotion,
        frame_index: int,
        time: float,
    ) -> None:
        """Bring every appearance to the current frame."""
        by_id = {track.track_id: track for track in tracks}
        for appearance in self.appearances:
            self._follow_one(appearance, by_id, motion, frame_index, time)
        for track in tracks:
            if track.in_view and self.of_track(track.track_id) is None:
                self.begin(track, frame_index, time)

    def begin(self, track: Track, frame_index: int, time: float) -> Appearance:
        """A new appearance for a track, or the one it has."""
        known = self.of_track(track.track_id)
        if known is not None:
            return known
        sighting = Sighting(frame_index, time, track.box, track.outline)
        ids = [track.track_id]
        begun = Appearance(self.next_number, sighting, sighting, track.box, ids, ids.copy())
        self.next_number += 1
        self.appearances.append(begun)
        return begun

    def look(
        self, track: Track, match: Match, sighting: Sighting, image: NDArray[np.uint8]
    ) -> None:
        """Count a verification of a track."""
        appearance = self.begin(track, sighting.frame_index, sighting.media_time_s)
        if sighting.frame_index == appearance.last.frame_index:
            appearance.last = sighting
        appearance.look(match, sighting, image)

    def forget_products(self, known: Mapping[str, object]) -> None:
        """Strike out votes for products that left the catalog."""
        for appearance in self.appearances:
            for product in [each for each in appearance.ballot.log_odds if each not in known]:
                appearance.ballot.forget(product)

    def settle(self, tracks: Sequence[Track], time: float) -> Iterator[Transition]:
        """Say what has happened up to now."""
        by_id = {track.track_id: track for track in tracks}
        for appearance in list(self.appearances):
            answer = self.answer(appearance)
            if not appearance.announced and self._ready(appearance, answer, by_id, time):
                yield from self._enter(appearance, answer)
            elif appearance.announced and answer.name != appearance.given:
                yield from self._rename(appearance, answer)
            elif appearance.announced and appearance.in_view:
                yield from self._give_way(appearance, answer)
            if appearance in self.appearances and self._over(appearance, time):
                yield from self._leave(appearance)

    def finish(self) -> Iterator[Transition]:
        """The source has ended: everything leaves."""
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
        live = [by_id[each] for each in appearance.live if each in by_id]
        live.sort(key=lambda track: (not track.in_view, not track.verified, track.track_id))
        for stray in live[1:]:
            if stray.in_view and live[0].box.iou(stray.box) < 0.05:
                live.remove(stray)  # it follows another copy now
        appearance.live = [track.track_id for track in live]
        appearance.in_view = bool(live) and live[0].in_view
        if appearance.in_view:
            appearance.last = Sighting(frame_index, time, live[0].box, live[0].outline)
            appearance.place = live[0].box
        else:
            appearance.place = move_box(appearance.place, motion.camera)
        appearance.severed = motion.is_cut or (appearance.severed and not appearance.in_view)

    def _ready(
        self, appearance: Appearance, answer: VoteResult, by_id: Mapping[int, Track], time: float
    ) -> bool:
        if answer.name is not None:
            return True
        if not appearance.in_view or not appearance.ballot.looks:
            return False
        track = by_id[appearance.live[0]]
        seen = time - appearance.first.media_time_s >= self.settings.unknown_seconds
        sure = track.verified or track.confidence >= self.settings.unknown_confidence
        return seen and sure and not self._covered(appearance)

    def _covered(self, appearance: Appearance) -> bool:
        """Whether named products fill its place: it is a part of one, or a box around some."""
        box = appearance.last.box
        named = [
            other.last.box
            for other in self.appearances
            if other.given is not None and other.in_view and other is not appearance
        ]
        shared = sum(box.intersection(other) for other in named)
        inside = any(_containment(box, other) >= self.settings.same_containment for other in named)
        return inside or shared >= self.settings.same_containment * box.area

    def _enter(self, appearance: Appearance, answer: VoteResult) -> Iterator[Transition]:
        older = self._older(appearance, answer)
        if older is not None:
            self._join(older, appearance)
            return
        appearance.announced = True
        if answer.name is None:
            yield self._turn(EventKind.ENTERED, appearance, answer, appearance.first)
            return
        unnamed = VoteResult(None, Verdict.UNKNOWN, answer.probability)
        yield self._turn(EventKind.ENTERED, appearance, unnamed, appearance.first)
        yield from self._rename(appearance, answer)

    def _rename(self, appearance: Appearance, answer: VoteResult) -> Iterator[Transition]:
        if not appearance.confirmed:
            older = self._older(appearance, answer)
            if older is not None:
                gone = VoteResult(None, Verdict.UNKNOWN, answer.probability)
                yield self._turn(EventKind.LEFT, appearance, gone, appearance.last)
                self._join(older, appearance)
                return
        kind = EventKind.REVISED if appearance.confirmed else EventKind.CONFIRMED
        appearance.given = answer.name
        appearance.confirmed = True
        yield self._turn(kind, appearance, answer, appearance.last)

    def _give_way(self, appearance: Appearance, answer: VoteResult) -> Iterator[Transition]:
        """What moved into the place of a named product is no appearance of its own any more."""
        if answer.name is None:
            if self._covered(appearance):
                self.appearances.remove(appearance)
                yield self._turn(EventKind.LEFT, appearance, answer, appearance.last)
            return
        older = self._older(appearance, answer)
        if older is not None and older.in_view and older.number < appearance.number:
            yield self._turn(EventKind.LEFT, appearance, answer, appearance.last)
            self._join(older, appearance)

    def _leave(self, appearance: Appearance) -> Iterator[Transition]:
        self.appearances.remove(appearance)
        if appearance.announced:
            answer = self.answer(appearance)
            summary = appearance.summary(self.id_of(appearance), answer)
            yield self._turn(EventKind.LEFT, appearance, answer, appearance.last, summary)

    def _over(self, appearance: Appearance, time: float) -> bool:
        if appearance.live:
            return False
        gap = self.settings.gap_seconds if appearance.given is not None else 0.0
        return time - appearance.last.media_time_s > gap

    def _older(self, appearance: Appearance, answer: VoteResult) -> Appearance | None:
        """The announced appearance that this one continues or doubles, the nearest if several."""
        same = [
            other
            for other in self.appearances
            if other.announced and other is not appearance and self._same(other, appearance, answer)
        ]
        return min(same, key=lambda each: _distance(each, appearance), default=None)

    def _same(self, older: Appearance, younger: Appearance, answer: VoteResult) -> bool:
        one_name = older.given == answer.name and answer.name is not None
        nameless = None in (older.given, answer.name)
        settings = self.settings
        if older.in_view:
            overlap = older.place.iou(younger.place)
            inside = _containment(older.place, younger.place)
            doubled = overlap >= settings.same_overlap or inside >= settings.same_containment
            return (one_name and doubled) or (nameless and overlap >= settings.same_overlap)
        if younger.first.media_time_s < older.last.media_time_s:
            return False
        if older.severed:  # one bad frame, or another scene: only what fits exactly is believed
            return one_name and _distance(older, younger) <= settings.near / 2
        limit = settings.near if one_name else settings.near / 2
        return (one_name or nameless) and _distance(older, younger) <= limit

    def _join(self, older: Appearance, younger: Appearance) -> None:
        older.absorb(younger)
        self.appearances.remove(younger)

    def _turn(
        self,
        kind: EventKind,
        appearance: Appearance,
        answer: VoteResult,
        sighting: Sighting,
        summary: AppearanceSummary | None = None,
    ) -> Transition:
        lead = appearance.live[0] if appearance.live else appearance.track_ids[-1]
        return Transition(kind, self.id_of(appearance), lead, answer, sighting, summary)


def _containment(first: Box, second: Box) -> float:
    """Share of the smaller box that lies in the other."""
    smaller = min(first.area, second.area)
    return first.intersection(second) / smaller if smaller > 0 else 0.0


def _distance(first: Appearance, second: Appearance) -> float:
    """Between two places, in shares of their box's sides; far when the sizes do not fit."""
    a, b = first.place, second.place
    if not 0.4 < a.area / max(b.area, 1.0) < 2.5:
        return float("inf")
    across = abs(a.left + a.right - b.left - b.right) / (a.width + b.width)
    down = abs(a.top + a.bottom - b.top - b.bottom) / (a.height + b.height)
    return max(across, down)
