"""One product in view from entering to leaving; may join several tracks (design.md, Words)."""

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.results import Match, Verdict
from matcher.tracking.voting import VoteResult, Votes

CROP_MARGIN: Final = 0.08
CROP_SIDE: Final = 512  # pixels; with JPEG, a few tens of kilobytes per appearance
CROP_QUALITY: Final = 88


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
    """The best look at an appearance.

    Attributes:
        sighting: when and where.
        match: what the pipeline said, in pixels of the whole frame.
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
        answer: the last one.
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
        place: box in the current frame's pixels; goes with the camera while it is out of view, so
            that it can be known again.
        live: tracks that follow it now, the leading one first.
        track_ids: all tracks that ever did.
        ballot: the votes.
        given: the name said in the last event, if any.
        announced: whether it has entered.
        confirmed: whether it has been confirmed.
        in_view: whether its leading track is.
        severed: whether a cut came since it was in view.
        best: the best look so far.
    """

    number: int
    first: Sighting
    last: Sighting
    place: Box
    live: list[int]
    track_ids: list[int]
    ballot: Votes = field(default_factory=Votes)
    given: str | None = None
    announced: bool = False
    confirmed: bool = False
    in_view: bool = True
    severed: bool = False
    best: View | None = None

    def look(self, match: Match, sighting: Sighting, image: NDArray[np.uint8]) -> None:
        """Count one verification and keep its picture if it is the best so far."""
        self.ballot.cast(match, sighting.media_time_s)
        odds = self.ballot.log_odds
        leader = max(sorted(odds), key=lambda each: odds[each], default=None)
        if self.best is None or _worth(match, leader) > _worth(self.best.match, leader):
            crop_box, jpeg = encode_crop(image, sighting.box)
            self.best = View(sighting, match, crop_box, jpeg)

    def absorb(self, younger: "Appearance") -> None:
        """Take over the tracks, votes and best look of an appearance that turned out to be this."""
        self.live = younger.live + self.live if younger.in_view else self.live + younger.live
        self.track_ids += younger.track_ids
        self.ballot.add(younger.ballot)
        if younger.in_view:
            self.last, self.place = younger.last, younger.place
            self.in_view, self.severed = True, False
        if younger.best is not None and (
            self.best is None
            or _worth(younger.best.match, self.given) > _worth(self.best.match, self.given)
        ):
            self.best = younger.best

    def summary(self, appearance_id: str, answer: VoteResult) -> AppearanceSummary:
        """What is remembered when it is over."""
        return AppearanceSummary(
            appearance_id,
            answer,
            self.first,
            self.last,
            tuple(self.track_ids),
            self.ballot.looks,
            self.best,
        )


def encode_crop(image: NDArray[np.uint8], box: Box) -> tuple[Box, bytes]:
    """The part of a picture with a small margin, as JPEG of bounded size."""
    height, width = image.shape[:2]
    wide = box.padded(CROP_MARGIN).clipped(width, height)
    crop = wide.crop(image)
    left, top = float(np.floor(wide.left)), float(np.floor(wide.top))
    shrink = min(1.0, CROP_SIDE / max(crop.shape[:2]))
    size = (max(int(crop.shape[1] * shrink), 1), max(int(crop.shape[0] * shrink), 1))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, CROP_QUALITY]
    _, code = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), quality)
    return Box(left, top, left + crop.shape[1], top + crop.shape[0]), code.tobytes()


def _worth(match: Match, leader: str | None) -> tuple[bool, bool, float]:
    """Order of looks: the right product, then proven, then the clearest proof."""
    proof = match.verification
    clarity = match.probability * (1.0 + np.sqrt(proof.inliers) if proof is not None else 1.0)
    return match.product_id == leader, match.verdict is Verdict.IDENTICAL, float(clarity)
