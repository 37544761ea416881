import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from bench.retrieval.twin_words import (
    LABELS,
    TwinLabel,
    measure_twin_words,
)
from matcher.imaging.box import Box
from matcher.results import Detection, Identification, Match, StageTimes, Verdict


class BrightnessIdentifier:
    """Names what is bright; reads words in what is brighter still."""

    def __init__(self, is_named: Callable[[float], bool]) -> None:
        self._is_named = is_named

    def identify(self, image: NDArray[np.uint8], *, whole_image: bool = False) -> Identification:
        del whole_image
        level = float(image.mean())
        verdict = Verdict.IDENTICAL if self._is_named(level) else Verdict.UNKNOWN
        match = Match(Detection(Box(0, 0, 4, 4), 1.0), verdict, "p", 0.9, None, ())
        return Identification((match,), 1, StageTimes(words=30.0 if level > 150 else 0.0))


def test_photos_are_identified_with_words_and_without(tmp_path: Path) -> None:
    for name, level in (("dark", 20), ("bright", 120), ("white", 240)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((20, 20, 3), level, np.uint8))
    labels = [TwinLabel(f"{name}.png", "tea", "twin") for name in ("dark", "bright", "white")]
    reading = BrightnessIdentifier(lambda level: 100 < level < 150)
    plain = BrightnessIdentifier(lambda level: level > 100)
    figures = measure_twin_words(labels, tmp_path, reading, plain)
    assert figures.named == pytest.approx(1 / 3)
    assert figures.named_without == pytest.approx(2 / 3)
    assert figures.read == pytest.approx(1 / 3)
    assert figures.p50_ms == 30.0
    assert figures.wrong == ("bright.png",)
    assert "0.333" in str(figures.table())


def test_what_stands_beside_the_pack_may_be_named(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "bright.png"), np.full((20, 20, 3), 120, np.uint8))
    always = BrightnessIdentifier(lambda _: True)
    for beside, named in (("p", 0.0), ("q", 1.0), ("", 1.0)):
        label = TwinLabel("bright.png", "tea", "twin", beside)
        figures = measure_twin_words([label], tmp_path, always, always)
        assert figures.named == figures.named_without == named


def test_every_photo_is_labelled_once_with_its_word_and_twin() -> None:
    labels = [TwinLabel(**label) for label in json.loads(LABELS.read_text("utf-8"))]
    assert len({label.picture for label in labels}) == len(labels) > 50
    assert all(label.word and label.twin for label in labels)
