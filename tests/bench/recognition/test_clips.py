from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.recognition.calibration import (
    ITSELF,
    PHOTOS,
    SHIPPED,
    CalibrationResult,
    MeasuredPhoto,
    RateOutcome,
)
from bench.recognition.clips import ClipOptions, ClipTarget, choose_photos, measure_clips
from bench.recognition.dataset import PhotoQuery
from matcher.decision.decision import Decision, DecisionWeights
from matcher.decision.evaluation import Outcome, SampleKind
from matcher.decision.threshold import AnswerScale, measure_scale
from matcher.imaging.box import Box
from matcher.results import Detection, Identification, KnownPrint, Match, StageTimes, Verification
from matcher.retrieval.shortlist import SearchableCatalog
from matcher.video.remembered import StageMemory
from tests.bench.recognition.test_calibration import ShelfCatalog, photo

SEEN = Detection(Box(2, 2, 14, 14), 1.0)
WEIGHTS = DecisionWeights(0, 0, 0, 0, 0, 0, 0, 0, unknown_share=0.5)


class BrightFinder:
    """Says juice, as probable as the picture is bright."""

    def decision(self, catalog: SearchableCatalog) -> Decision:
        return Decision(WEIGHTS, 0.8, model_id="grey").with_calibrations(catalog.calibrations)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        return (SEEN,) if image.ndim == 3 else ()

    def match(
        self,
        image: NDArray[np.uint8],
        detections: Sequence[Detection],
        catalog: SearchableCatalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> tuple[Match, ...]:
        decision, corners = self.decision(catalog), np.zeros((0, 2), np.float32)
        probability = decision.answer(float(image.mean()) / 256)
        verdict = decision.verdict(probability, probability)
        proof = Verification("juice", "", 90, np.zeros((0, 4), np.float32), corners, 0.5, 0.5)
        return tuple(
            Match(seen, verdict, "juice", probability, proof, (), decision.threshold)
            for seen in detections
        )

    def survey(
        self,
        image: NDArray[np.uint8],
        catalog: SearchableCatalog,
        known: Sequence[KnownPrint] = (),  # noqa: ARG002
    ) -> Identification:
        assert image.ndim == 3
        return Identification((), catalog.index_version, StageTimes())


def film(picture: NDArray[np.uint8], rng: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    assert rng.random() < 1
    return iter([picture] * 8)


TARGET = ClipTarget(BrightFinder(), StageMemory(), "grey", film, 8.0)


def measured(folder: Path, number: int, brightness: int, truth: str | None) -> MeasuredPhoto:
    kinds = (SampleKind.LEFT_OUT, SampleKind.UNKNOWN)
    kind = kinds[number % 2] if truth is None else SampleKind.KNOWN
    query = PhotoQuery(photo(folder, f"{truth}-{number}-{brightness}", brightness), truth)
    probability = brightness / 256
    odds = float(np.log(probability / (1 - probability)))
    return MeasuredPhoto(query, Outcome(kind, "", odds, truth == "juice"))


def calibrated(photos: Sequence[MeasuredPhoto], *scales: AnswerScale) -> CalibrationResult:
    outcomes = []
    for number, scale in enumerate(scales):
        figures = measure_scale([photo.outcome for photo in photos], scale)
        material = PHOTOS if number else SHIPPED
        rate = 0.1 if number else None
        outcomes.append(RateOutcome(material, rate, figures, figures, False, True))
    outcomes.append(replace(outcomes[0], material=ITSELF))
    return CalibrationResult(tuple(outcomes), tuple(photos))


def test_clips_are_counted_beside_the_photos_that_they_are_made_of(tmp_path: Path) -> None:
    photos = [
        *[measured(tmp_path, number, 40, None) for number in range(4)],
        measured(tmp_path, 5, 215, None),
        measured(tmp_path, 6, 235, None),
        measured(tmp_path, 7, 230, "juice"),
        measured(tmp_path, 8, 230, "milk"),
    ]
    scales = (AnswerScale(0.8, 1.0, 0.0), AnswerScale(0.9, 1.0, 0.0), AnswerScale(0.9, 1.0, -5.0))
    result = measure_clips(
        calibrated(photos, *scales), TARGET, ShelfCatalog(), ClipOptions(clips=12)
    )
    assert result.clip_count == 8
    assert [rates.requested for rates in result.rows] == [None, 0.1, 0.1]
    for rates, wrong in zip(result.rows, (2, 1, 0), strict=True):
        for figures in (rates.photos, rates.clips):
            assert figures.false_accept is not None
            assert sum(rate.value * rate.samples for rate in figures.by_kind.values()) == wrong
    shipped = result.rows[0].clips
    assert shipped.named is not None
    assert shipped.misnamed is not None
    assert (shipped.named.value, shipped.misnamed.value) == (0.5, 0.5)
    assert result.to_json()["thresholds"][1]["clips"]["named"]["samples"] == 2
    assert [row[0] for row in result.table().rows] == ["as shipped", "10.0%", "10.0%"]


def test_photos_are_filmed_by_sort_and_by_lot(tmp_path: Path) -> None:
    photos = [measured(tmp_path, number, 40, None) for number in range(40)]
    photos += [measured(tmp_path, number, 40, "juice") for number in range(20)]
    chosen = choose_photos(photos, ClipOptions(clips=16))
    kinds = [photo.outcome.kind for photo in chosen]
    assert [kinds.count(kind) for kind in set(kinds)].count(4) == 2
    assert kinds.count(SampleKind.LEFT_OUT) == 8
    assert chosen == choose_photos(photos, ClipOptions(clips=16))
    assert chosen != choose_photos(photos, ClipOptions(clips=16, seed=1))
    assert len(choose_photos(photos, ClipOptions(clips=1000))) == 60


def test_without_a_photo_there_is_nothing_to_film() -> None:
    with pytest.raises(BenchError, match="no photo to film"):
        measure_clips(CalibrationResult((), ()), TARGET, ShelfCatalog(), ClipOptions(clips=4))
