"""One verification: what is asked for, and how its result is carried to the present frame.

A verification takes longer than a frame lasts. Live, tracking goes on meanwhile; when the result
comes, what it says of its own frame is moved along with what the camera and the tracked things did
since, and then counts as said of the present one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import (
    STILL,
    FrameMotion,
    Similarity,
    compose_motions,
    estimate_region_motion,
    move_box,
)
from matcher.results import Detection, KnownPrint, Match
from matcher.tracking.appearance import Sighting
from matcher.tracking.finder import CatalogT, Finder
from matcher.tracking.tracker import transform_points
from stream.frame import Frame

ON_TRACK: Final = 0.3  # IoU from which a match lies on a track, and so moved as the track did


@dataclass(frozen=True, slots=True, eq=False)
class VerificationRequest:
    """One piece of work for the slow path.

    Attributes:
        frame: the picture to look at.
        task: a track's id, or `matcher.tracking.scheduler.WHOLE_PICTURE`.
        detection: where the track was; None for the whole picture.
        quality: of the track's view; comparable within one track only.
        deadline: media seconds by which it should have been started.
        known: what is known of tracks in the frame, so that words are read once on each.
    """

    frame: Frame
    task: int
    detection: Detection | None
    quality: float
    deadline: float
    known: tuple[KnownPrint, ...] = ()


def run_request(
    finder: Finder[CatalogT], request: VerificationRequest, catalog: CatalogT
) -> tuple[Match, ...]:
    """Verify what a request asks for; blocks while networks run. Any thread may do it."""
    if request.detection is None:
        return finder.survey(request.frame.image, catalog, request.known).matches
    return finder.match(request.frame.image, [request.detection], catalog, request.known)


@dataclass(slots=True, eq=False)
class InFlightRequest:
    """A request that was started, and what has moved where since its frame.

    Attributes:
        request: what was asked for.
        boxes: of the tracks, by id, in the request's frame.
        camera: (2, 3) similarity from the request's frame to the present one, of the scene.
        regions: (2, 3) similarities from the request's frame to the present one, by track id.
        frames: that have passed.
        is_cut: whether the scene of the request is over.
    """

    request: VerificationRequest
    boxes: dict[int, Box]
    camera: Similarity = field(default_factory=STILL.copy)
    regions: dict[int, Similarity] = field(default_factory=dict)
    frames: int = 0
    is_cut: bool = False

    def carry(self, motion: FrameMotion) -> None:
        """Go on by one frame."""
        self.frames += 1
        self.is_cut = self.is_cut or motion.is_cut
        for track_id in self.boxes:
            so_far = self.regions.get(track_id, STILL)
            step = motion.regions.get(track_id, motion.camera)
            self.regions[track_id] = compose_motions(step, so_far)
        self.camera = compose_motions(motion.camera, self.camera)

    def to_present(self, matches: Sequence[Match], grey: NDArray[np.uint8]) -> list[Match | None]:
        """Return matches as they are in the present frame; None where that cannot be told.

        What lies on a track moved as the track did. Anything else is believed only where optical
        flow finds it again in `grey`, the present frame, reduced: it may have left the picture.
        """
        if not self.frames:
            return list(matches)
        motions = {number: self._motion_of(match) for number, match in enumerate(matches)}
        unmoved = [number for number, motion in motions.items() if motion is None]
        if lost := {number: matched_box(matches[number]) for number in unmoved}:
            motions |= estimate_region_motion(self.request.frame.image, grey, lost, self.camera)
        return [
            None if motion is None else _move_match(match, motion)
            for match, motion in zip(matches, motions.values(), strict=True)
        ]

    def evidence_of(
        self, match: Match, present: Sighting, frame: Frame
    ) -> tuple[Sighting, NDArray[np.uint8]]:
        """Return where and in which picture a match was seen: that of the request."""
        if not self.frames:
            return present, frame.image
        origin, proof = self.request.frame, match.verification
        outline = present.outline[:0] if proof is None else proof.outline
        sighting = Sighting(origin.index, origin.media_time, matched_box(match), outline)
        return sighting, origin.image

    def _motion_of(self, match: Match) -> Similarity | None:
        """Motion of the track that a match lies on."""
        box = matched_box(match)
        overlaps = {track_id: place.iou(box) for track_id, place in self.boxes.items()}
        best = max(overlaps, key=overlaps.__getitem__, default=None)
        return None if best is None or overlaps[best] < ON_TRACK else self.regions[best]


def matched_box(match: Match) -> Box:
    """Return the box around a match's outline, or its detection's if it has none."""
    proof = match.verification
    if proof is None or not len(proof.outline):
        return match.detection.box
    return Box.around(proof.outline)


def _move_match(match: Match, motion: Similarity) -> Match:
    detection = replace(match.detection, box=move_box(match.detection.box, motion))
    proof = match.verification
    if proof is not None:
        proof = replace(proof, outline=transform_points(proof.outline, motion))
    return replace(match, detection=detection, verification=proof)
