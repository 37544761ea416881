"""Calibration on other products, with contests made by hand."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.recognition.crossfit import CrossfitOptions, measure_crossfit
from bench.recognition.dataset import Query, load
from catalog.encodings.encoding import ReferenceCrop
from matcher.keypoints.features import LocalFeatures
from matcher.keypoints.homography import Placement
from matcher.retrieval.reference import Reference
from matcher.verification.alignment import AlignmentScore, ReferenceView
from matcher.verification.verifier import Contest, Hypothesis
from tests.bench.scenery import printed, write_picture

PRODUCTS = 8
OPTIONS = CrossfitOptions(folds=4, draws=20)


def hypothesis(product_id: str, inliers: int, correlation: float) -> Hypothesis:
    points = np.zeros((inliers, 2), np.float32)
    ones = np.ones(inliers, np.float32)
    features = LocalFeatures(points, ones, ones, ones, points, 8, 8)
    square = np.array([[0, 0], [8, 0], [8, 8], [0, 8]], np.float32)
    blank = np.zeros((8, 8, 3), np.uint8)
    mask = np.ones((8, 8), np.bool_)
    crop = ReferenceCrop(square, 8, 8, np.eye(3), np.zeros(1, np.uint8), mask)
    look, unit = ReferenceView(blank, mask, 1.0), np.ones(1, np.float32)
    reference = Reference(product_id, "image", features, look, crop, square, unit)
    index = np.arange(inliers)
    placement = Placement(np.eye(3), index, index, points, square)
    return Hypothesis(reference, placement, AlignmentScore(1.0, correlation, 10.0), 0.5)


class Photos:
    """Photos of products and of nothing, each with the contest that a pipeline would see."""

    def __init__(self, folder: Path, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self._folder = folder
        self.queries: list[Query] = []
        self.contests: dict[bytes, list[Contest]] = {}
        for product in range(PRODUCTS):
            for _ in range(3):
                twin = f"p{(product + 1) % PRODUCTS}"
                own = hypothesis(f"p{product}", int(generator.integers(30, 60)), 0.8)
                self._add(f"p{product}", [own, hypothesis(twin, 12, 0.3)])
        for _ in range(8):
            self._add(None, [hypothesis("p0", int(generator.integers(5, 9)), 0.1)])
        self._add(None, [])

    def _add(self, truth: str | None, hypotheses: list[Hypothesis]) -> None:
        path = self._folder / f"{len(self.queries)}.png"
        write_picture(path, printed(hash_of(self._folder.name, len(self.queries)), 40, 40))
        self.queries.append(Query(path, truth))
        contests = [Contest(tuple(hypotheses), ())] if hypotheses else []
        self.contests[load(path).tobytes()] = contests


def hash_of(name: str, number: int) -> int:
    return len(name) * 1000 + number


@pytest.fixture
def train(tmp_path: Path) -> Photos:
    return Photos(tmp_path / "train", seed=1)


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    return Photos(tmp_path / "evaluation", seed=2)


def test_clear_evidence_is_well_calibrated_on_products_it_never_saw(
    train: Photos, photos: Photos
) -> None:
    known = train.contests | photos.contests

    def contests(image: NDArray[np.uint8]) -> list[Contest]:
        return known[image.tobytes()]

    told: list[str] = []
    result = measure_crossfit(
        train.queries, photos.queries, contests, OPTIONS, lambda label, *_: told.append(label)
    )
    assert result.score.top1.value == 1.0
    assert result.score.recall_at_p99.value == 1.0
    assert result.score.ece.value < 0.2
    assert (result.train_photos, result.folds) == (len(train.queries), 4)
    assert set(told) == {"train photos", "photos"}
    assert result.to_json()["folds"] == 4


def test_every_photo_is_answered_once(train: Photos, photos: Photos) -> None:
    known = train.contests | photos.contests
    result = measure_crossfit(
        train.queries, photos.queries, lambda image: known[image.tobytes()], OPTIONS
    )
    assert (result.score.known, result.score.unknown) == (3 * PRODUCTS, 9)


def test_nothing_to_calibrate_on_is_refused(photos: Photos) -> None:
    with pytest.raises(ValueError, match="at least one"):
        measure_crossfit(
            [], photos.queries, lambda image: photos.contests[image.tobytes()], OPTIONS
        )
