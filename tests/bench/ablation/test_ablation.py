"""One part exchanged at a time, at about equal time."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.ablation.ablation import (
    SIZES,
    AblationOptions,
    RecogniserOfSize,
    Variant,
    measure_ablation,
)
from bench.recognition.dataset import read_dataset
from matcher.results import Identification
from tests.bench.scenery import identification, named_match


class WorkClock:
    """Moves on only when somebody works."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Names:
    """Always names the same product, after a time that grows with what is verified."""

    def __init__(self, product_id: str, seconds: float, clock: WorkClock) -> None:
        self._product_id = product_id
        self._seconds = seconds
        self._clock = clock

    def identify(self, image: NDArray[np.uint8], *, whole_image: bool = False) -> Identification:
        assert not whole_image
        assert image.ndim == 3
        self._clock.now += self._seconds
        return identification(named_match(self._product_id, 0.9))


def sized(product_id: str, seconds_each: float, clock: WorkClock | None = None) -> RecogniserOfSize:
    return lambda size: Names(product_id, size * seconds_each, clock or WorkClock())


def test_a_cheaper_part_may_verify_more_in_the_same_time(
    recognition_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = WorkClock()
    monkeypatch.setattr("bench.ablation.ablation.time", clock)
    dataset = read_dataset(recognition_data)
    variants = [
        Variant("", "", lambda _: sized("p0", 0.002, clock)),
        Variant("embedder", "cheap", lambda _: sized("p1", 0.001, clock)),
        Variant("detector", "dear", lambda _: sized("p2", 0.004, clock)),
        Variant("SuperGlue", "nothing", None),
    ]
    result = measure_ablation(dataset, variants, AblationOptions(limit=6, draws=20))
    assert [figures.verified for figures in result.figures] == [12, 24, 6]
    assert all(figures.verified in SIZES for figures in result.figures)
    assert result.missing == ("SuperGlue",)
    assert [row[0] for row in result.table().rows] == [
        "as shipped", "embedder", "detector", "SuperGlue",
    ]  # fmt: skip
    assert "manifest" in result.table().rows[-1][1]
    assert result.to_json()["photos"] == 6


def test_every_variant_answers_the_same_photos(recognition_data: Path) -> None:
    dataset = read_dataset(recognition_data)
    variants = [Variant("", name, lambda _: sized("p0", 0.0)) for name in ("one", "two")]
    one, two = measure_ablation(dataset, variants, AblationOptions(draws=20)).figures
    assert one.top1 == two.top1
    assert one.top1.value == 1 / 3
