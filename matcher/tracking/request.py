"""One piece of the second lane's work, and how its answer is carried to the present.

A look takes longer than a frame lasts. Live, the first lane goes on meanwhile; when the answer
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
from matcher.results import Detection, Match
from stream.frame import Frame

ON_TRACK: Final = 0.3  # IoU of a match with the track it lies on


@dataclass(frozen=True, slots=True, eq=False)
class VerificationRequest:
    """What the second lane is asked.

    Attributes:
        frame: the picture to look at.
        task: a track's id, or `matcher.tracking.scheduler.WHOLE_PICTURE`.
        seen: where the track was; None for the whole picture.
        quality: of the track's view; comparable within one track only.
        deadline: media seconds by which it should have been begun.
    """

    frame: Frame
    task: int
    seen: Detection | None
    quality: float
    deadline: float


@dataclass(slots=True, eq=False)
class InFlightRequest:
    """An inquiry that was begun, and what has moved where since its frame.

    Attributes:
        inquiry: what was asked.
        boxes: of the tracks, in the inquiry's frame.
        camera: (2, 3) similarity from the inquiry's frame to the present one, of the scene.
        regions: likewise, per track.
        frames: that have passed.
        is_cut: whether the scene of the inquiry is over.
    """

    inquiry: VerificationRequest
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

    def present(self, matches: Sequence[Match], grey: NDArray[np.uint8]) -> list[Match | None]:
        """Matches in the inquiry's frame as in the present one; None where that cannot be told.

        What lies on a track moved as the track did. Anything else is believed only where optical
        flow finds it again: it may have been carried out of the picture meanwhile.

        Args:
            matches: of the inquiry's frame.
            grey: the present frame, `matcher.imaging.optical_flow.reduce_to_grey`.
        """
        if not self.frames:
            return list(matches)
        motions = {number: self._motion(match) for number, match in enumerate(matches)}
        lost = {
            number: matched_box(matches[number]) for number, it in motions.items() if it is None
        }
        if lost:
            motions |= estimate_region_motion(self.inquiry.frame.image, grey, lost, self.camera)
        return [
            None if motion is None else _moved_match(match, motion)
            for match, motion in zip(matches, motions.values(), strict=True)
        ]

    def _motion(self, match: Match) -> Similarity | None:
        """That of the track it lies on."""
        box = matched_box(match)
        overlaps = {track_id: each.iou(box) for track_id, each in self.boxes.items()}
        best = max(overlaps, key=lambda each: overlaps[each], default=None)
        return None if best is None or overlaps[best] < ON_TRACK else self.regions[best]


def matched_box(match: Match) -> Box:
    """Around its outline, if it has one."""
    proof = match.verification
    if proof is None or not len(proof.outline):
        return match.detection.box
    return Box.around(proof.outline)


def _moved_match(match: Match, motion: Similarity) -> Match:
    detection = replace(match.detection, box=move_box(match.detection.box, motion))
    proof = match.verification
    if proof is not None:
        proof = replace(proof, outline=transform_points(proof.outline, motion))
    return replace(match, detection=detection, verification=proof)


def transform_points(points: NDArray[np.float32], motion: Similarity) -> NDArray[np.float32]:
    """(N, 2) points after a (2, 3) motion."""
    return (points @ motion[:, :2].T + motion[:, 2]).astype(np.float32)
