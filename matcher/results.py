"""Results of the method for one picture, and how long each stage took."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, log
from time import perf_counter
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.recorded import RECORDED_IF_SET

_HARDLY: Final = 1e-6  # distance of a probability from 0 and 1, where log-odds are infinite

Stage = Literal["detect", "embed", "describe", "shortlist", "verify", "words"]


class Verdict(StrEnum):
    """The decision at the catalog's threshold."""

    IDENTICAL = "identical"
    SIMILAR = "similar"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Detection:
    """Something that may be a product.

    Attributes:
        box: pixels of the picture.
        confidence: in [0, 1], the detector's own.
    """

    box: Box
    confidence: float


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """The geometric and appearance check of one crop against one reference image.

    Attributes:
        product_id: whose reference it is.
        image_id: the reference image.
        inliers: keypoint pairs that agree on the homography (or homographies).
        correspondences: (M, 4) float32, the inliers as (x, y) in the reference picture and (x, y)
            in the query picture.
        outline: (4, 2) float32, the reference's corners in the query picture; (0, 2) if none.
        coverage: in [0, 1], the share of the visible reference that is really matched.
        agreement: in [-1, 1], how much the warped query looks like the reference where they
            overlap.
    """

    product_id: str
    image_id: str
    inliers: int
    correspondences: NDArray[np.float32]
    outline: NDArray[np.float32]
    coverage: float
    agreement: float


class Way(StrEnum):
    """How a product came onto a shortlist."""

    VOTES = "votes"
    EMBEDDING = "embedding"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product worth verifying.

    Attributes:
        product_id: of the catalog.
        similarity: in [-1, 1], cosine of embeddings.
        probability: in [0, 1], after verification; 0 when it was not verified.
        ways: by which of the ways it would have been shortlisted alone; none when it was not.
    """

    product_id: str
    similarity: float
    probability: float
    ways: tuple[Way, ...] = field(default=(), metadata=RECORDED_IF_SET)


@dataclass(frozen=True, slots=True)
class TrackCalibration:
    """Platt scaling of a track's log-odds; by default they are believed as they are.

    Attributes:
        scale: below 1 for votes that are too sure of themselves.
        offset: log-odds added.
    """

    scale: float = 1.0
    offset: float = 0.0

    def probability(self, log_odds: float) -> float:
        """Return the probability, in (0, 1)."""
        return 1.0 / (1.0 + exp(-(self.scale * log_odds + self.offset)))


@dataclass(frozen=True, slots=True)
class PrintEvidence:
    """Evidence of one reading of a picture for or against a product.

    Attributes:
        product_id: whose print was compared.
        log_ratio: log-likelihood ratio; 0 where nothing of it was read.
    """

    product_id: str
    log_ratio: float


@dataclass(frozen=True, slots=True)
class KnownPrint:
    """A place in a frame whose words need not be read again.

    Attributes:
        box: the place, in pixels of the frame.
        printed: what a reading said of products; none where nothing was read yet.
        name: product that it is called already; None before that.
    """

    box: Box
    printed: tuple[PrintEvidence, ...] = ()
    name: str | None = None


def log_odds(probability: float) -> float:
    """Return the log-odds of a probability in [0, 1], which is kept off 0 and 1; in [-14, 14]."""
    held = min(max(probability, _HARDLY), 1.0 - _HARDLY)
    return log(held / (1.0 - held))


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """A detection with its verified product.

    Attributes:
        detection: the place that was matched.
        verdict: the decision.
        product_id: the best product also when the verdict is not `identical`; None when nothing
            was a candidate.
        probability: chance that `product_id` is right and in view.
        verification: the winning check; None when nothing was verified.
        candidates: best first.
        threshold: in (0, 1), the probability from which the catalog says `identical`; None when
            nothing was verified.
        track: makes a track's probability mean the same as this one; None where the decision has no
            calibration of tracks, or nothing was verified.
        printed: what words said of each product there; none where none were read for this match.
    """

    detection: Detection
    verdict: Verdict
    product_id: str | None
    probability: float
    verification: Verification | None
    candidates: tuple[Candidate, ...]
    threshold: float | None = field(default=None, metadata=RECORDED_IF_SET)
    track: TrackCalibration | None = field(default=None, metadata=RECORDED_IF_SET)
    printed: tuple[PrintEvidence, ...] = field(default=(), metadata=RECORDED_IF_SET)


@dataclass(frozen=True, slots=True)
class StageTimes:
    """Milliseconds spent in each stage; `describe` finds keypoints, `words` reads the print."""

    detect: float = 0.0
    embed: float = 0.0
    describe: float = 0.0
    shortlist: float = 0.0
    verify: float = 0.0
    total: float = 0.0
    words: float = 0.0

    def public(self) -> dict[str, float]:
        """Return the milliseconds by their published names; keypoints and words are `verify`."""
        return {
            "detect": self.detect,
            "embed": self.embed,
            "shortlist": self.shortlist,
            "verify": self.describe + self.verify + self.words,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """Everything said of one picture.

    Attributes:
        matches: one per detection, most probable first.
        index_version: of the catalog that answered.
        elapsed: milliseconds.
    """

    matches: tuple[Match, ...]
    index_version: int
    elapsed: StageTimes


class Stopwatch:
    """Adds up the time of each stage; the total counts from its construction."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self._spent: dict[Stage, float] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Add the duration of the block to a stage, also when the block raises."""
        started = perf_counter()
        try:
            yield
        finally:
            spent = (perf_counter() - started) * 1e3
            self._spent[stage] = self._spent.get(stage, 0.0) + spent

    def times(self) -> StageTimes:
        """Return the milliseconds until now."""
        return StageTimes(**self._spent, total=(perf_counter() - self._started) * 1e3)
