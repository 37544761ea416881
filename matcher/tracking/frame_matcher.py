"""Two lanes over one owner of the models: follow everything, look closely at little (design.md §1).

The first lane detects and tracks on every frame that is taken. The second embeds and verifies,
once per track and again only when that pays; its work is budgeted per second of *media* time and
no clock is read, so the same frames give the same events, live or replayed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import FrameMotion, OpticalFlow, edge_strength
from matcher.results import Detection, Identification, Match, Verdict
from matcher.tracking.appearance import AppearanceSummary, Sighting
from matcher.tracking.appearances import AppearanceSettings, AppearanceTracker, Transition
from matcher.tracking.events import Event
from matcher.tracking.request import InFlightRequest, VerificationRequest, matched_box
from matcher.tracking.scheduler import (
    WHOLE_PICTURE,
    DueTask,
    SchedulerSettings,
    VerifiableTrack,
    VerificationScheduler,
)
from matcher.tracking.tracker import Track, Tracker, TrackerSettings
from stream.frame import Frame

SMALLEST_SIDE: Final = 8.0  # pixels; nothing smaller can be told apart
SAME_PLACE: Final = 0.5  # IoU of a looked-at box with the track it speaks about
NEVER: Final = 1e9  # seconds
CARRIED_SECONDS: Final = 0.2
MOVING: Final = 0.05  # picture widths per second from which the camera shows new things


class VersionedCatalog(Protocol):
    """What the engine itself asks of a catalog."""

    @property
    def name(self) -> str:
        """For events."""
        ...

    @property
    def index_version(self) -> int:
        """Journal number of the snapshot."""
        ...

    @property
    def products(self) -> Mapping[str, object]:
        """Live products by id."""
        ...


CatalogT = TypeVar("CatalogT", bound=VersionedCatalog)
CatalogT_contra = TypeVar("CatalogT_contra", bound=VersionedCatalog, contravariant=True)


class Finder(Protocol[CatalogT_contra]):
    """What finds products in one picture; `matcher.pipeline.Pipeline` does."""

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """First lane; cheap."""
        ...

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: CatalogT_contra,
    ) -> tuple[Match, ...]:
        """Second lane; one match per detection, in order."""
        ...

    def survey(self, image: NDArray[np.uint8], catalog: CatalogT_contra) -> Identification:
        """Second lane; the whole picture, also what `detect` misses."""
        ...


@dataclass(frozen=True, slots=True)
class FrameMatcherSettings:
    """All thresholds of following and voting."""

    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    book: AppearanceSettings = field(default_factory=AppearanceSettings)
    schedule: SchedulerSettings = field(default_factory=SchedulerSettings)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One source being matched.

    Attributes:
        session_id: for events.
        started_at: Unix seconds of media time 0.
    """

    session_id: str
    started_at: float


@dataclass(frozen=True, slots=True, eq=False)
class OverlayItem:
    """What there is to draw of one appearance in one frame.

    Attributes:
        track_id: the track that leads it.
        appearance_id: as in events.
        box: pixels.
        outline: (4, 2) float32, or (0, 2) before a verification.
        product_id: None while unknown.
        verdict: the decision so far.
        probability: of the product.
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
    """What one frame brought.

    Attributes:
        frame_index: of the source.
        media_time_s: seconds.
        notes: what is in view, by appearance.
        events: what happened.
        summaries: of appearances that are over, in the order of their `left` events.
    """

    frame_index: int
    media_time_s: float
    notes: tuple[OverlayItem, ...]
    events: tuple[Event, ...]
    summaries: tuple[AppearanceSummary, ...]


@dataclass(slots=True, eq=False)
class FrameMatcherState:
    """Everything that one frame hands to the next; plain values, fit for a checkpoint.

    Attributes:
        tracker: tracks.
        flow: the last frame, reduced.
        book: appearances.
        schedule: the second lane's budget.
        sequence: of the last event.
        index_version: of the catalog that answered last.
        frame_index: of the last frame; -1 before the first.
        media_time_s: likewise.
        pan: pixels per second at which the scene moves across the picture.
    """

    tracker: Tracker
    flow: OpticalFlow
    book: AppearanceTracker
    schedule: VerificationScheduler
    sequence: int = 0
    index_version: int = -1
    frame_index: int = -1
    media_time_s: float = 0.0
    pan: tuple[float, ...] = (0.0, 0.0)

    @classmethod
    def fresh(cls, settings: FrameMatcherSettings, session: SessionInfo) -> "FrameMatcherState":
        """Before the first frame."""
        return cls(
            Tracker(settings.tracker),
            OpticalFlow(),
            AppearanceTracker(settings.book, session.session_id),
            VerificationScheduler(settings.schedule),
        )


class FrameMatcher(Generic[CatalogT]):
    """Matches the frames of one source, one after the other."""

    def __init__(
        self,
        finder: Finder[CatalogT],
        session: SessionInfo,
        settings: FrameMatcherSettings | None = None,
    ) -> None:
        self._finder = finder
        self._session = session
        self.settings = settings if settings is not None else FrameMatcherSettings()
        self.state = FrameMatcherState.fresh(self.settings, session)
        self._pending: InFlightRequest | None = None

    def step(self, frame: Frame, catalog: CatalogT) -> MatchedFrame:
        """Take one frame and all work that media time has earned; blocks while networks run."""
        self.take(frame, catalog)
        while self.work(frame, catalog):
            pass
        return self.tell(frame, catalog)

    def take(self, frame: Frame, catalog: CatalogT) -> None:
        """First lane: detect and track."""
        state = self.state
        detections = self._finder.detect(frame.image)
        in_view = [track for track in state.tracker.tracks if track.in_view]
        in_view.sort(key=lambda track: not track.verified)
        motion = state.flow.follow(frame.image, {each.track_id: each.box for each in in_view})
        state.tracker.update(detections, motion, frame.media_time)
        if self._pending is not None:
            self._pending.carry(motion)
        state.tracker.leave(frame.image.shape[1], frame.image.shape[0])
        self._note_catalog(catalog)
        state.schedule.earn(frame.media_time, state.flow.sharpness)
        self._note_camera(motion, frame)
        state.frame_index, state.media_time_s = frame.index, frame.media_time
        self._follow(frame, motion)

    def work(self, frame: Frame, catalog: CatalogT) -> bool:
        """Second lane, one slot: the most urgent look at the frame last taken; False if none."""
        inquiry = self.ask(frame)
        if inquiry is None:
            return False
        self.begin(inquiry)
        self.hear(run_request(self._finder, inquiry, catalog), frame, catalog)
        return True

    def ask(self, frame: Frame) -> VerificationRequest | None:
        """What the second lane should do next, about the frame last taken; changes nothing.

        None while an inquiry is pending, and when nothing is due.
        """
        due = None if self._pending else self.due(frame)
        if due is None:
            return None
        if due.task == WHOLE_PICTURE:
            return VerificationRequest(frame, due.task, None, 0.0, due.deadline)
        track = next(each for each in self.state.tracker.tracks if each.track_id == due.task)
        seen = Detection(track.box, track.confidence)
        return VerificationRequest(frame, due.task, seen, self._quality(track, frame), due.deadline)

    def due(self, frame: Frame) -> DueTask | None:
        """What is wanted most of what is not begun, about the frame last taken."""
        begun = None if self._pending is None else self._pending.inquiry.task
        return self.state.schedule.due(self._prospects(frame), begun)

    def begin(self, inquiry: VerificationRequest) -> None:
        """The second lane has taken up an inquiry about the frame last taken."""
        tracks = self.state.tracker.tracks
        self._pending = InFlightRequest(inquiry, {each.track_id: each.box for each in tracks})

    def hear(self, matches: Sequence[Match], frame: Frame, catalog: CatalogT) -> None:
        """The answer to the pending inquiry is here, at the frame last taken.

        Raises:
            RuntimeError: no inquiry is pending.
        """
        pending, self._pending = self._pending, None
        if pending is None:
            raise RuntimeError("an answer came, but nothing was asked")
        if pending.inquiry.task == WHOLE_PICTURE:
            self._hear_of_all(matches, frame, pending)
        else:
            self._hear_of_one(matches, frame, pending)
        if pending.frames:  # a product that was found may have left the catalog meanwhile
            self.state.book.forget_products(catalog.products)

    def tell(self, frame: Frame, catalog: CatalogT) -> MatchedFrame:
        """What the frame last taken brought."""
        state = self.state
        turns = list(state.book.settle(state.tracker.tracks, frame.media_time))
        return self._step(turns, catalog, self._notes())

    def finish(self, catalog: CatalogT) -> MatchedFrame:
        """The source has ended: whatever is in view leaves."""
        return self._step(list(self.state.book.finish()), catalog, ())

    def _hear_of_all(
        self, matches: Sequence[Match], frame: Frame, pending: InFlightRequest
    ) -> None:
        if pending.is_cut:
            return  # it tells of a scene that is over; the new one is due already
        news = [self._heed(pair, frame, None, pending) for pair in self._pairs(matches, pending)]
        moving = np.hypot(self.state.pan[0], self.state.pan[1]) > MOVING * frame.image.shape[1]
        self.state.schedule.looked_whole(news=bool(moving) or any(news))

    def _hear_of_one(
        self, matches: Sequence[Match], frame: Frame, pending: InFlightRequest
    ) -> None:
        inquiry, tracks = pending.inquiry, self.state.tracker.tracks
        track = next((each for each in tracks if each.track_id == inquiry.task), None)
        for pair in () if pending.is_cut else self._pairs(matches, pending):
            self._heed(pair, frame, track, pending)
        self.state.schedule.looked(inquiry.task, inquiry.quality)

    def _note_catalog(self, catalog: CatalogT) -> None:
        if catalog.index_version != self.state.index_version:
            self.state.book.forget_products(catalog.products)
            self.state.index_version = catalog.index_version

    def _note_camera(self, motion: FrameMotion, frame: Frame) -> None:
        state = self.state
        seconds = frame.media_time - state.media_time_s
        if motion.is_cut:
            state.schedule.scene_changed()
        if seconds > 0:
            centre = np.array([frame.image.shape[1] / 2, frame.image.shape[0] / 2])
            shift = motion.camera[:, :2] @ centre + motion.camera[:, 2] - centre
            state.pan = (float(shift[0] / seconds), float(shift[1] / seconds))

    def _follow(self, frame: Frame, motion: FrameMotion) -> None:
        state = self.state
        tracks = state.tracker.tracks
        state.book.follow(tracks, motion, frame.index, frame.media_time)
        state.schedule.forget_all_but({track.track_id for track in tracks})

    def _pairs(
        self, matches: Sequence[Match], pending: InFlightRequest
    ) -> list[tuple[Match, Match]]:
        """Each match as it was said, and as it is in the present frame."""
        grey = self.state.flow.last
        present = [] if grey is None else pending.present(matches, grey)
        return [(said, now) for said, now in zip(matches, present, strict=False) if now is not None]

    def _heed(
        self, pair: tuple[Match, Match], frame: Frame, asked: Track | None, pending: InFlightRequest
    ) -> bool:
        """Give a match to the track it speaks about; whether it brought a new name."""
        said, now = pair
        track = self._subject(now, frame, asked)
        if track is None:
            return False
        book = self.state.book
        appearance = book.begin(track, frame.index, frame.media_time)
        before = book.answer(appearance).name
        if asked is not track:
            self.state.schedule.looked(track.track_id, self._quality(track, frame), cost=0.0)
        sighting = Sighting(frame.index, frame.media_time, track.box, track.outline)
        if appearance.last.frame_index == frame.index:
            appearance.last = sighting
        book.look(track, said, *_seen(said, sighting, frame, pending))
        return book.answer(appearance).name != before

    def _subject(self, match: Match, frame: Frame, asked: Track | None) -> Track | None:
        tracker, proof = self.state.tracker, match.verification
        if match.verdict is Verdict.IDENTICAL and proof is not None and len(proof.outline):
            height, width = frame.image.shape[:2]
            box = Box.around(proof.outline).clipped(width, height)
            if min(box.width, box.height) < SMALLEST_SIDE:
                return None
            return tracker.adopt(box, proof.outline, frame.media_time)
        if asked is not None:
            unseen = frame.media_time - asked.last_seen > CARRIED_SECONDS
            if match.verdict is Verdict.UNKNOWN and unseen:
                asked.doubt()  # only optical flow says that it is still there
            return asked
        near = [
            track
            for track in tracker.tracks
            if track.in_view and track.box.iou(match.detection.box) >= SAME_PLACE
        ]
        return max(near, key=lambda track: track.box.iou(match.detection.box), default=None)

    def _prospects(self, frame: Frame) -> Iterable[VerifiableTrack]:
        book = self.state.book
        for track in self.state.tracker.tracks:
            appearance = book.of_track(track.track_id)
            if not track.in_view or appearance is None or track.track_id != appearance.live[0]:
                continue
            name = book.answer(appearance).name
            identical = appearance.ballot.identical
            agreeing = 0 if name is None else identical.get(name, 0)
            if (name is None and identical) or (name is not None and not track.verified):
                # Another look may settle it: a twin was near, or it was lost since.
                agreeing = 1
            yield VerifiableTrack(
                track.track_id,
                track.first_seen,
                self._leaves_in(track, frame),
                partial(self._quality, track, frame),
                agreeing,
            )

    def _leaves_in(self, track: Track, frame: Frame) -> float:
        """Seconds until the track's centre is out of the picture."""
        height, width = frame.image.shape[:2]
        box, seconds = track.box, NEVER
        centre = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        for at, size, own, pan in zip(
            centre, (width, height), track.motion.velocity, self.state.pan, strict=True
        ):
            speed = own + pan
            way = size - at if speed > 0 else at
            seconds = min(seconds, max(way, 0.0) / max(abs(speed), 1e-6))
        return seconds

    def _quality(self, track: Track, frame: Frame) -> float:
        """How well a track shows now: larger, sharper and wholly in the picture is better."""
        height, width = frame.image.shape[:2]
        visible, grey = track.box.clipped(width, height), self.state.flow.last
        if grey is None or visible.area <= 0:
            return 0.0
        shrink = grey.shape[1] / width
        small = Box(*(shrink * side for side in (visible.left, visible.top,
                                                 visible.right, visible.bottom)))  # fmt: skip
        sharp = edge_strength(small.crop(grey))
        return float(np.sqrt(visible.area)) * visible.area / track.box.area * sharp / (sharp + 8.0)

    def _notes(self) -> tuple[OverlayItem, ...]:
        book = self.state.book
        return tuple(
            OverlayItem(
                each.live[0],
                book.id_of(each),
                each.last.box,
                each.last.outline,
                answer.product_id,
                answer.verdict,
                answer.probability,
            )
            for each in book.appearances
            if each.announced and each.in_view
            for answer in [book.answer(each)]
        )

    def _step(
        self, turns: Sequence[Transition], catalog: CatalogT, notes: tuple[OverlayItem, ...]
    ) -> MatchedFrame:
        state = self.state
        events = tuple(self._event(turn, catalog) for turn in turns)
        summaries = tuple(turn.summary for turn in turns if turn.summary is not None)
        return MatchedFrame(state.frame_index, state.media_time_s, notes, events, summaries)

    def _event(self, turn: Transition, catalog: CatalogT) -> Event:
        self.state.sequence += 1
        said_at = self._session.started_at + self.state.media_time_s
        return Event(
            sequence=self.state.sequence,
            event=turn.kind,
            catalog=catalog.name,
            session_id=self._session.session_id,
            appearance_id=turn.appearance_id,
            track_id=turn.track_id,
            product_id=turn.answer.product_id,
            verdict=turn.answer.verdict,
            probability=turn.answer.probability,
            box=turn.sighting.box,
            outline=turn.sighting.outline,
            frame_index=turn.sighting.frame_index,
            media_time_s=turn.sighting.media_time_s,
            timestamp=_utc(said_at),
            frame_age_ms=0.0,
            late=False,
            index_version=catalog.index_version,
            degraded=False,
        )


def run_request(
    finder: Finder[CatalogT], inquiry: VerificationRequest, catalog: CatalogT
) -> tuple[Match, ...]:
    """Answer an inquiry; blocks while networks run. Needs no engine, so any thread may do it."""
    if inquiry.seen is None:
        return finder.survey(inquiry.frame.image, catalog).matches
    return finder.match(inquiry.frame.image, [inquiry.seen], catalog)


def _seen(
    match: Match, present: Sighting, frame: Frame, pending: InFlightRequest
) -> tuple[Sighting, NDArray[np.uint8]]:
    """Where the match was seen, and in which picture: that of the inquiry, not the present one."""
    if not pending.frames:
        return present, frame.image
    at, proof = pending.inquiry.frame, match.verification
    outline = present.outline[:0] if proof is None else proof.outline
    return Sighting(at.index, at.media_time, matched_box(match), outline), at.image


def _utc(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
