"""One product in view, from entering to leaving; it may join several tracks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.recorded import RECORDED_IF_SET
from matcher.results import Match, PrintEvidence, TrackCalibration, Verdict
from matcher.tracking.codec import recorded_as
from matcher.tracking.voting import VoteResult, Votes, VoteSettings

CROP_MARGIN: Final = 0.08  # of the box's sides, so that the product's edges can be seen
CROP_SIDE: Final = 512  # pixels; with JPEG, a few tens of kilobytes per appearance
CROP_QUALITY: Final = 88  # JPEG, 0 to 100; print stays legible


@dataclass(frozen=True, slots=True)
class AppearanceSettings:
    """When something has entered, left, or is the same as before.

    Attributes:
        vote: when votes name a product.
        calibration: of a track's probability, where the decision brings none.
        unknown_seconds: an unknown thing is announced after this long in view, once it was
            verified.
        unknown_confidence: confidence of its detections, which it also needs.
        gap_seconds: a product that comes back within this is still the same appearance.
        near: distance between two places that are one, in shares of the box's sides.
        same_overlap: IoU from which two tracks of one product are one copy.
        same_containment: share of the smaller box in the larger from which they are one copy.
    """

    vote: VoteSettings = field(default_factory=VoteSettings)
    calibration: TrackCalibration = field(default_factory=TrackCalibration)
    unknown_seconds: float = 0.6
    unknown_confidence: float = 0.35
    gap_seconds: float = 3.0
    near: float = 0.6
    same_overlap: float = 0.45
    same_containment: float = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """Where an appearance was at one moment.

    Attributes:
        frame_index: of the source.
        media_time_s: seconds.
        box: pixels of that frame.
        outline: (4, 2) float32, or (0, 2) before a verification.
    """

    frame_index: int
    media_time_s: float
    box: Box
    outline: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The best view of an appearance that was verified.

    Attributes:
        sighting: when and where.
        match: the pipeline's answer, in pixels of the whole frame.
        crop_box: the part of the frame that was kept.
        jpeg: that part, at most 512 pixels on its longer side.
    """

    sighting: Sighting
    match: Match
    crop_box: Box
    jpeg: bytes


@dataclass(frozen=True, slots=True, eq=False)
class AppearanceSummary:
    """An appearance that is over.

    Attributes:
        appearance_id: as in its events.
        answer: the last result of the vote.
        first: where it entered.
        last: where it left.
        track_ids: the tracks it joins.
        looks: how often it was verified.
        best: None when it was never verified.
    """

    appearance_id: str
    answer: VoteResult
    first: Sighting
    last: Sighting
    track_ids: tuple[int, ...]
    looks: int
    best: View | None


@dataclass(slots=True, eq=False)
class Appearance:
    """An appearance while it lasts.

    Attributes:
        number: from 1, in the order of first sight.
        first: its first sighting.
        last: its latest.
        place: box in the current frame's pixels; moves with the camera while the appearance is out
            of view, so that it can be recognised when it comes back.
        live: ids of the tracks that follow it now, the leading one first.
        track_ids: all tracks that ever did.
        votes: of its verifications.
        reported: the name in the last event, if any.
        announced: whether it has entered.
        confirmed: whether it has been confirmed.
        in_view: whether its leading track is.
        severed: whether a cut came since it was in view.
        best: the best view so far.
        printed: what words said of each product when they were read.
    """

    number: int
    first: Sighting
    last: Sighting
    place: Box
    live: list[int]
    track_ids: list[int]
    votes: Votes = field(default_factory=Votes, metadata=recorded_as("ballot"))
    reported: str | None = field(default=None, metadata=recorded_as("given"))
    announced: bool = False
    confirmed: bool = False
    in_view: bool = True
    severed: bool = False
    best: View | None = None
    printed: tuple[PrintEvidence, ...] = field(default=(), metadata=RECORDED_IF_SET)

    def add_match(self, match: Match, sighting: Sighting, image: NDArray[np.uint8]) -> None:
        """Count one verification, and keep its view of a (H, W, 3) RGB image if it is the best."""
        self.votes.cast(match, sighting.media_time_s)
        self._remember(match.printed)
        odds = self.votes.log_odds
        leader = max(sorted(odds), key=odds.__getitem__, default=None)
        if self.best is None or _worth(match, leader) > _worth(self.best.match, leader):
            crop_box, jpeg = encode_crop(image, sighting.box)
            self.best = View(sighting, match, crop_box, jpeg)

    def absorb(self, younger: "Appearance") -> None:
        """Take over tracks, votes and best view of an appearance that turned out to be this one."""
        self.live = younger.live + self.live if younger.in_view else self.live + younger.live
        self.track_ids += younger.track_ids
        self.votes.add(younger.votes)
        self._remember(younger.printed)
        if younger.in_view:
            self.last, self.place = younger.last, younger.place
            self.in_view, self.severed = True, False
        if younger.best is not None and (
            self.best is None
            or _worth(younger.best.match, self.reported) > _worth(self.best.match, self.reported)
        ):
            self.best = younger.best

    def forget(self, product_id: str) -> None:
        """Strike out a product that left the catalog."""
        self.votes.forget(product_id)
        self.printed = tuple(item for item in self.printed if item.product_id != product_id)

    def _remember(self, printed: Sequence[PrintEvidence]) -> None:
        """Keep what words said, the latest of each product."""
        latest = {item.product_id: item for item in (*self.printed, *printed)}
        self.printed = tuple(latest.values())

    def summarise(self, appearance_id: str, result: VoteResult) -> AppearanceSummary:
        """Return its summary; it is over."""
        return AppearanceSummary(
            appearance_id,
            result,
            self.first,
            self.last,
            tuple(self.track_ids),
            self.votes.looks,
            self.best,
        )


def encode_crop(image: NDArray[np.uint8], box: Box) -> tuple[Box, bytes]:
    """Cut a box with a small margin out of a (H, W, 3) RGB image; return its box and a JPEG."""
    height, width = image.shape[:2]
    wide = box.padded(CROP_MARGIN).clipped(width, height)
    crop = wide.crop(image)
    left, top = float(np.floor(wide.left)), float(np.floor(wide.top))
    shrink = min(1.0, CROP_SIDE / max(crop.shape[:2]))
    size = (max(int(crop.shape[1] * shrink), 1), max(int(crop.shape[0] * shrink), 1))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, CROP_QUALITY]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return Box(left, top, left + crop.shape[1], top + crop.shape[0]), jpeg.tobytes()


def _worth(match: Match, leader: str | None) -> tuple[bool, bool, float]:
    """Order of views: the right product, then proven, then the clearest proof."""
    proof = match.verification
    clarity = match.probability * (1.0 + np.sqrt(proof.inliers) if proof is not None else 1.0)
    return match.product_id == leader, match.verdict is Verdict.IDENTICAL, float(clarity)
