"""Keypoints and their pairing on pictures with a known homography, beside RootSIFT."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.keypoints.warps import HEIGHT, WIDTH, Pair, make_pair
from bench.progress import Progress, silent
from bench.recognition.baseline import mutual_ratio_pairs, root_sift
from bench.recognition.dataset import PICTURE_SUFFIXES, load_picture
from bench.table import Figures, Table
from matcher.keypoints.features import FrontEnd, KeypointMatcher

CORRECT_PIXELS: Final = 3.0
AUC_PIXELS: Final = (3, 5, 10)
_MINIMAL_PAIRS: Final = 4


@dataclass(frozen=True, slots=True)
class HomographyOptions:
    """Photos and sizes to measure.

    Attributes:
        photos: that no network was trained on; see `evaluation_photos`.
        pairs: how many.
        keypoints: at most, per picture.
        seed: of photos, warps and degradations.
    """

    photos: tuple[Path, ...]
    pairs: int = 200
    keypoints: int = 512
    seed: int = 0


@dataclass(frozen=True, slots=True)
class MethodFigures:
    """One method on all pairs.

    Attributes:
        method: its name.
        precision: share of all its pairs that are correct within 3 px.
        recall: share of all pairs that its keypoints allow.
        keypoints: per picture, on average.
        auc_dlt: area under the curve of corner errors up to 3, 5 and 10 px, by DLT of all pairs.
        auc_ransac: the same, by RANSAC.
    """

    method: str
    precision: float
    recall: float
    keypoints: float
    auc_dlt: tuple[float, ...]
    auc_ransac: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HomographyResult(Figures):
    """The method under test and the baseline on the same pairs."""

    pairs: int
    methods: tuple[MethodFigures, ...]

    def table(self) -> Table:
        """One row per method."""
        columns = ("method", "precision", "recall", "AUC 3/5/10 DLT", "AUC 3/5/10 RANSAC")
        rows = tuple(
            (
                method.method,
                f"{method.precision:.3f}",
                f"{method.recall:.3f}",
                " / ".join(f"{value:.3f}" for value in method.auc_dlt),
                " / ".join(f"{value:.3f}" for value in method.auc_ransac),
            )
            for method in self.methods
        )
        return Table(f"{self.pairs} pairs of real photos, {WIDTH}x{HEIGHT}", columns, rows)


@dataclass(frozen=True, slots=True, eq=False)
class Pairing:
    """Keypoints and pairs found in one pair of pictures.

    Attributes:
        first: (N, 2) keypoints of the first picture.
        second: (M, 2) of the second.
        pairs: (K, 2) indices into both.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    pairs: NDArray[np.intp]


class PairFinder(Protocol):
    """A method under test."""

    def find(self, pair: Pair) -> Pairing:
        """Keypoints of both pictures and how they pair."""


class FeatureFinder:
    """A front end with a keypoint matcher, as the pipeline uses them."""

    def __init__(self, front_end: FrontEnd, matcher: KeypointMatcher, keypoints: int) -> None:
        self._front_end = front_end
        self._matcher = matcher
        self._keypoints = keypoints

    def find(self, pair: Pair) -> Pairing:
        """Keypoints of both pictures and how they pair."""
        first = self._front_end.extract(pair.first, self._keypoints)
        second = self._front_end.extract(pair.second, self._keypoints)
        found = self._matcher.match(second, [first])[0]
        pairs = np.stack([found.reference, found.query], axis=1).astype(np.intp)
        return Pairing(first.points, second.points, pairs)


class BaselineFinder:
    """RootSIFT, nearest neighbours in both directions with ratio 0.8."""

    def __init__(self, keypoints: int) -> None:
        self._keypoints = keypoints

    def find(self, pair: Pair) -> Pairing:
        """Keypoints of both pictures and how they pair."""
        first = root_sift(pair.first, self._keypoints, longest_side=None)
        second = root_sift(pair.second, self._keypoints, longest_side=None)
        return Pairing(first.points, second.points, mutual_ratio_pairs(first, second))


def evaluation_photos(shared: Path) -> tuple[Path, ...]:
    """Photos of the shared data that may never be trained on: DVD covers and as many cartons.

    Raises:
        BenchError: there are none.
    """
    covers = _pictures(shared / "eval_only" / "dvd_covers" / "query")
    grocery = _pictures(shared / "grocery" / "eval")
    if not covers or not grocery:
        raise BenchError(
            f"there are no evaluation photos in {shared}; it has to hold "
            "eval_only/dvd_covers/query and grocery/eval, as the folder of real pictures does"
        )
    step = max(len(grocery) // len(covers), 1)
    return (*covers, *grocery[::step][: len(covers)])


def measure_homography(
    finders: Sequence[tuple[str, PairFinder]],
    options: HomographyOptions,
    on_progress: Progress = silent,
) -> HomographyResult:
    """Run the given methods and the baseline on the same pairs.

    Raises:
        catalog.errors.PictureError: a photo cannot be read.
        BenchError: there is no photo.
    """
    methods = [*finders, ("RootSIFT, mutual ratio 0.8", BaselineFinder(options.keypoints))]
    tallies = [_PairingTally() for _ in methods]
    for done, pair in enumerate(make_pairs(options)):
        on_progress("pairs", done, options.pairs)
        for (_, finder), tally in zip(methods, tallies, strict=True):
            tally.add(pair, finder.find(pair))
    on_progress("pairs", options.pairs, options.pairs)
    figures = [tally.figures(name) for (name, _), tally in zip(methods, tallies, strict=True)]
    return HomographyResult(options.pairs, tuple(figures))


def make_pairs(options: HomographyOptions) -> Iterator[Pair]:
    """The pairs, the same ones for the same options.

    Raises:
        catalog.errors.PictureError: a photo cannot be read.
        BenchError: there is no photo.
    """
    if not options.photos:
        raise BenchError("pairs are made of photos, and none was given")
    generator = np.random.default_rng(options.seed)
    order = generator.permutation(len(options.photos))
    for index in range(options.pairs):
        yield make_pair(load_picture(options.photos[order[index % len(order)]]), generator)


class _PairingTally:
    """Counts of one method over pairs."""

    def __init__(self) -> None:
        self._correct = 0
        self._reported = 0
        self._possible = 0
        self._keypoints: list[int] = []
        self._dlt: list[float] = []
        self._ransac: list[float] = []

    def add(self, pair: Pair, pairing: Pairing) -> None:
        """Judge what was found in one pair of pictures."""
        projected = project(pair.homography, pairing.first)
        first, second = pairing.pairs[:, 0], pairing.pairs[:, 1]
        distance = np.linalg.norm(projected[first] - pairing.second[second], axis=1)
        self._correct += int((distance <= CORRECT_PIXELS).sum())
        self._reported += len(distance)
        self._possible += possible_pairs(projected, pairing.second)
        self._keypoints += [len(pairing.first), len(pairing.second)]
        matched = pairing.first[first], pairing.second[second]
        self._dlt.append(corner_error(*matched, pair.homography, 0))
        self._ransac.append(corner_error(*matched, pair.homography, cv2.RANSAC))

    def figures(self, method: str) -> MethodFigures:
        """All pairs of pictures together."""
        return MethodFigures(
            method,
            self._correct / max(self._reported, 1),
            self._correct / max(self._possible, 1),
            float(np.mean(self._keypoints)),
            tuple(area_under_curve(self._dlt, limit) for limit in AUC_PIXELS),
            tuple(area_under_curve(self._ransac, limit) for limit in AUC_PIXELS),
        )


def project(homography: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(N, 2) points through a homography."""
    if len(points) == 0:
        return np.zeros((0, 2))
    moved: NDArray[np.float64] = cv2.perspectiveTransform(
        points[None].astype(np.float64), homography
    )[0]
    return moved


def possible_pairs(projected: NDArray[np.float64], second: NDArray[np.float32]) -> int:
    """How many keypoints are each other's nearest and within 3 px under the true homography."""
    if len(projected) == 0 or len(second) == 0:
        return 0
    distance = np.linalg.norm(projected[:, None] - second[None], axis=2)
    nearest = distance.argmin(axis=1)
    rows = np.arange(len(projected))
    mutual = distance.argmin(axis=0)[nearest] == rows
    return int((mutual & (distance[rows, nearest] <= CORRECT_PIXELS)).sum())


def corner_error(
    first: NDArray[np.float32], second: NDArray[np.float32], truth: NDArray[np.float64], method: int
) -> float:
    """Mean distance in pixels of the picture's corners under the estimated and true homography."""
    if len(first) < _MINIMAL_PAIRS:
        return float("inf")
    cv2.setRNGSeed(0)
    found, _ = cv2.findHomography(first, second, method, CORRECT_PIXELS)
    estimate = np.asarray(found, np.float64)
    if estimate.shape != (3, 3):  # OpenCV's stubs do not know that there may be none
        return float("inf")
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    gap = project(estimate, corners) - project(truth, corners)
    return float(np.linalg.norm(gap, axis=1).mean())


def area_under_curve(errors: Sequence[float], limit: float) -> float:
    """Mean over errors from 0 to the limit of the share of errors below; in [0, 1]."""
    if not errors:
        return 0.0
    return float(np.mean([max(limit - error, 0.0) / limit for error in errors]))


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
