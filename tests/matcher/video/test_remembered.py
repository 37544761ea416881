from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.records.calibration import Calibration
from matcher.decision.leave_out import ReducedCatalog
from matcher.pipeline import Pipeline, Stages
from matcher.results import Detection, Match
from matcher.video.remembered import StageMemory, remember
from tests.matcher import prints

PICTURE = prints.held_up(prints.printed(3))


class CountingDetector:
    """Finds nothing, and keeps the shapes of pictures."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        self.shapes.append(image.shape)
        return ()


@pytest.fixture
def shop() -> prints.MemoryCatalog:
    return prints.shop_of_twelve()


def stages(detector: CountingDetector) -> Stages:
    return replace(prints.stages(), detector=detector)


def decided_at(shop: prints.MemoryCatalog, threshold: float) -> ReducedCatalog:
    calibration = Calibration("", "", 1 - threshold, threshold)
    return ReducedCatalog(shop, frozenset(), {"": calibration})


def facts(matches: tuple[Match, ...]) -> list[tuple[str | None, str, float]]:
    return [(match.product_id, match.verdict, match.probability) for match in matches]


def test_what_was_found_is_decided_again_by_another_threshold(shop: prints.MemoryCatalog) -> None:
    plain, memory = prints.stages(), StageMemory()
    recalling = Pipeline(remember(plain, memory))
    for threshold in (0.5, 0.9999):
        catalog = decided_at(shop, threshold)
        again = recalling.survey(PICTURE, catalog).matches
        assert facts(again) == facts(Pipeline(plain).survey(PICTURE, catalog).matches)
        assert {match.threshold for match in again} == {threshold}


def test_a_picture_is_looked_at_once_until_it_is_forgotten(shop: prints.MemoryCatalog) -> None:
    detector, memory = CountingDetector(), StageMemory()
    recalling = Pipeline(remember(stages(detector), memory))
    recalling.detect(PICTURE)
    recalling.detect(PICTURE.copy())
    assert len(detector.shapes) == 1
    recalling.detect(PICTURE[:100])
    assert len(detector.shapes) == 2
    recalling.survey(PICTURE, shop)
    known = len(memory)
    recalling.survey(PICTURE, shop)
    assert len(memory) == known > 2
    memory.forget()
    assert len(memory) == 0
    recalling.detect(PICTURE)
    assert len(detector.shapes) == 3


def test_another_catalog_is_verified_anew(shop: prints.MemoryCatalog) -> None:
    recalling = Pipeline(remember(prints.stages(), StageMemory()))
    assert recalling.survey(PICTURE, shop).matches[0].product_id == "p3"
    without = ReducedCatalog(shop, frozenset({"p3-0"}), {})
    assert "p3" not in {match.product_id for match in recalling.survey(PICTURE, without).matches}
