"""ByteTrack: follow boxes over frames by two rounds of overlap, confident detections first.

After Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box" (2022),
written for seconds instead of frame counts, with three additions: the camera's motion is taken out,
a track may be carried by optical flow between detections, and verified outlines count as sightings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import FrameMotion, Similarity
from matcher.results import Detection
from matcher.tracking.kalman import BoxMotion

ASTRAY: Final = 0.3  # IoU with its box below which a carried outline is no longer believed
NO_OUTLINE: Final = np.zeros((0, 2), np.float32)


class TrackState(StrEnum):
    """Whether a track is in view: seen once, followed, or not found any more."""

    TENTATIVE = "tentative"
    TRACKED = "tracked"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Thresholds of the association.

    Attributes:
        high: confidence from which a detection takes part in the first round and starts tracks
            (`track_activation_threshold` elsewhere).
        low: confidence from which it takes part in the second round.
        first_overlap: IoU needed in the first round.
        second_overlap: IoU needed in the second round, and for new tracks' second sighting.
        sure_overlap: IoU needed where a wrong pair costs most: by tracks whose product was
            verified, and by lost ones, of which only the way is known.
        duplicate_overlap: IoU above which two tracks are one.
        visible_share: of a track's box that must be in the picture.
        tentative_seconds: a new track without a second sighting is dropped after this.
        lost_seconds: a lost track is kept this long (`lost_track_buffer` elsewhere).
        carry_seconds: optical flow alone keeps a track in view this long after a sighting.
        verified_carry_seconds: the same, once its product has been verified.
    """

    high: float = 0.25
    low: float = 0.1
    first_overlap: float = 0.3
    second_overlap: float = 0.4
    sure_overlap: float = 0.5
    duplicate_overlap: float = 0.8
    visible_share: float = 0.2
    tentative_seconds: float = 0.25
    lost_seconds: float = 1.5
    carry_seconds: float = 0.4
    verified_carry_seconds: float = 2.5


@dataclass(slots=True, eq=False)
class Track:
    """One object followed over frames.

    Attributes:
        track_id: from 1, never used twice.
        state: whether it is in view.
        motion: box and velocity.
        confidence: of the last detection that was taken for it.
        first_seen: media seconds.
        last_seen: media seconds of the last detection or verified outline.
        sightings: how many of these.
        updated: media seconds up to which `motion` is predicted.
        verified: whether a product was found in it, and it was not lost since.
        outline: (4, 2) float32, carried along; (0, 2) when there is none.
    """

    track_id: int
    state: TrackState
    motion: BoxMotion
    confidence: float
    first_seen: float
    last_seen: float
    updated: float
    sightings: int = 1
    verified: bool = False
    outline: NDArray[np.float32] = field(default_factory=NO_OUTLINE.copy)

    @property
    def box(self) -> Box:
        """The box where it is expected now, in pixels."""
        return self.motion.box

    @property
    def in_view(self) -> bool:
        """Whether it was seen, or carried by optical flow, up to now."""
        return self.state is TrackState.TRACKED

    def observe(self, detection: Detection, time: float) -> None:
        """Learn from a detection at a media time in seconds."""
        if self.state is TrackState.LOST:
            self.withdraw_proof()
        if time > self.first_seen:
            self.state = TrackState.TRACKED
        self.motion.update(detection.box)
        self.confidence = detection.confidence
        self.last_seen = time
        self.sightings += 1
        if len(self.outline) and Box.around(self.outline).iou(self.box) < ASTRAY:
            self.outline = NO_OUTLINE.copy()  # it was carried astray

    def withdraw_proof(self) -> None:
        """Count it as never verified until the next proof: it may follow something else by now."""
        self.verified = False
        self.outline = NO_OUTLINE.copy()


@dataclass(slots=True, eq=False)
class Tracker:
    """All tracks of one source.

    Attributes:
        settings: thresholds.
        tracks: by age.
        next_id: of the next track.
    """

    settings: TrackerSettings
    tracks: list[Track] = field(default_factory=list)
    next_id: int = 1

    def update(self, detections: Sequence[Detection], motion: FrameMotion, time: float) -> None:
        """Take one frame's detections, at a rising media time in seconds; a cut ends all tracks."""
        if motion.is_cut:
            self.tracks = []
        carried = [self._advance(track, motion, time) for track in self.tracks]
        followed = {track.track_id for track, was in zip(self.tracks, carried, strict=True) if was}
        settings = self.settings
        high = [found for found in detections if found.confidence >= settings.high]
        low = [found for found in detections if settings.low <= found.confidence < settings.high]
        known = [track for track in self.tracks if track.state is not TrackState.TENTATIVE]
        new = [track for track in self.tracks if track.state is TrackState.TENTATIVE]

        unseen, high = _associate(known, high, self._first_overlap, time)
        in_view = [track for track in unseen if track.in_view]
        unseen_in_view, _ = _associate(in_view, low, self._second_overlap, time)
        _, high = _associate(new, high, self._second_overlap, time)

        for track in unseen_in_view:
            if track.track_id not in followed or time - track.last_seen > self._carry_seconds(
                track
            ):
                track.state = TrackState.LOST
        for detection in high:
            self._start(detection, time, TrackState.TENTATIVE)
        self._forget(time)

    def add_verified(self, box: Box, outline: NDArray[np.float32], time: float) -> Track:
        """Take a verified (4, 2) outline as a sighting of the track there, or of a new one."""
        ious = [track.box.iou(box) for track in self.tracks]
        best = int(np.argmax(ious)) if ious else -1
        if best >= 0 and ious[best] >= self.settings.second_overlap:
            track = self.tracks[best]
            track.observe(Detection(box, max(track.confidence, self.settings.high)), time)
        else:
            track = self._start(Detection(box, 1.0), time, TrackState.TRACKED)
        track.state = TrackState.TRACKED
        track.verified = True
        track.outline = np.asarray(outline, np.float32)
        return track

    def lose_outside(self, width: int, height: int) -> None:
        """Mark as lost what has left a picture of that size, but for a small rest."""
        for track in self.tracks:
            box = track.box
            if box.clipped(width, height).area < self.settings.visible_share * box.area:
                track.state = TrackState.LOST

    def _first_overlap(self, track: Track) -> float:
        unsure = track.in_view and not track.verified
        return self.settings.first_overlap if unsure else self.settings.sure_overlap

    def _second_overlap(self, track: Track) -> float:
        return self.settings.sure_overlap if track.verified else self.settings.second_overlap

    def _start(self, detection: Detection, time: float, state: TrackState) -> Track:
        track = Track(
            self.next_id, state, BoxMotion.start(detection.box), detection.confidence,
            first_seen=time, last_seen=time, updated=time,
        )  # fmt: skip
        self.next_id += 1
        self.tracks.append(track)
        return track

    def _advance(self, track: Track, motion: FrameMotion, time: float) -> bool:
        """Move a track to the current frame; whether optical flow carried it."""
        seconds, track.updated = time - track.updated, time
        own = motion.regions.get(track.track_id)
        if own is not None:
            track.motion.follow(own, motion.camera, seconds)
        else:
            track.motion.warp(motion.camera)
            track.motion.predict(seconds)
        if len(track.outline):
            track.outline = transform_points(track.outline, motion.camera if own is None else own)
        return own is not None

    def _carry_seconds(self, track: Track) -> float:
        settings = self.settings
        return settings.verified_carry_seconds if track.verified else settings.carry_seconds

    def _forget(self, time: float) -> None:
        limits = {
            TrackState.TENTATIVE: self.settings.tentative_seconds,
            TrackState.LOST: self.settings.lost_seconds,
            TrackState.TRACKED: np.inf,
        }
        kept = [track for track in self.tracks if time - track.last_seen <= limits[track.state]]
        self.tracks = _drop_duplicates(kept, self.settings.duplicate_overlap)


def transform_points(points: NDArray[np.float32], motion: Similarity) -> NDArray[np.float32]:
    """Return (N, 2) points after a (2, 3) motion."""
    return (points @ motion[:, :2].T + motion[:, 2]).astype(np.float32)


def _associate(
    tracks: Sequence[Track],
    detections: Sequence[Detection],
    needed: Callable[[Track], float],
    time: float,
) -> tuple[list[Track], list[Detection]]:
    """Pair by greatest total overlap; return the tracks and detections left over."""
    if not tracks or not detections:
        return list(tracks), list(detections)
    ious = pairwise_iou([track.box for track in tracks], [found.box for found in detections])
    enough = ious >= np.array([[needed(track)] for track in tracks])
    # Pairs below the threshold must not pull others out of place, so they weigh nothing.
    rows, columns = linear_sum_assignment(np.where(enough, ious, 0.0), maximize=True)
    pairs = {
        row: column
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        if enough[row, column]
    }
    for row, column in pairs.items():
        tracks[row].observe(detections[column], time)
    taken = set(pairs.values())
    return (
        [track for row, track in enumerate(tracks) if row not in pairs],
        [found for column, found in enumerate(detections) if column not in taken],
    )


def pairwise_iou(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float64]:
    """Return (N, M) IoU of every box of the first sequence with every one of the second."""
    a = np.array([[b.left, b.top, b.right, b.bottom] for b in first]).reshape(-1, 1, 4)
    b = np.array([[b.left, b.top, b.right, b.bottom] for b in second]).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    shared = np.prod(np.maximum(sides, 0.0), axis=-1)
    areas = [np.prod(np.maximum(c[..., 2:] - c[..., :2], 0.0), axis=-1) for c in (a, b)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-9))


def _drop_duplicates(tracks: list[Track], overlap: float) -> list[Track]:
    """Of two tracks in one place, the verified one stays, then the longer one."""
    if len(tracks) < 2:
        return tracks
    boxes = [track.box for track in tracks]
    ious = np.triu(pairwise_iou(boxes, boxes), k=1)
    dropped = set()
    for first, second in np.argwhere(ious > overlap):
        worse = min((tracks[first], tracks[second]), key=_worth)
        dropped.add(worse.track_id)
    return [track for track in tracks if track.track_id not in dropped]


def _worth(track: Track) -> tuple[bool, bool, float, int]:
    return track.verified, track.in_view, track.last_seen - track.first_seen, -track.track_id
