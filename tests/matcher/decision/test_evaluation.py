from dataclasses import replace

import numpy as np
import pytest

from catalog.records.calibration import Calibration
from matcher.decision.evaluation import Sample, SampleKind, evaluate
from matcher.decision.synthetic_views import draw_view
from matcher.imaging.box import Box
from matcher.results import Detection, Match, log_odds
from tests.matcher.prints import Image, MemoryCatalog, held_up, pipeline, printed, shop_of_twelve

NOTHING = frozenset[str]()
BOX = Box(0, 0, 320, 240)


@pytest.fixture(scope="module")
def shop() -> MemoryCatalog:
    return shop_of_twelve()


def test_a_photo_is_known_with_its_product_and_unknown_without(shop: MemoryCatalog) -> None:
    def photo() -> Image:
        return held_up(printed(3))

    progress: list[tuple[int, int]] = []
    questions = [
        Sample(SampleKind.KNOWN, photo, "p3"),
        Sample(SampleKind.LEFT_OUT, photo, None, frozenset({"p3-0"})),
        Sample(SampleKind.WRONG, photo, "p3"),
        Sample(SampleKind.WRONG, photo, "p4"),
    ]
    outcomes = evaluate(pipeline(), shop, questions, {}, lambda *at: progress.append(at))
    known, left_out, wrong, never = outcomes
    assert known.is_right
    assert known.log_odds > 2 > left_out.log_odds
    assert not left_out.is_right
    assert (wrong.log_odds, wrong.is_right) == (known.log_odds, False)
    assert never.log_odds < 0
    assert progress == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_slope_that_is_set_already_does_not_count_twice(shop: MemoryCatalog) -> None:
    question = Sample(SampleKind.KNOWN, lambda: held_up(printed(3)), "p3")
    plain = evaluate(pipeline(), shop, [question], {}, lambda *_: None)[0]
    steep = {"": Calibration("", "", 0.01, 0.9, slope=0.5, offset=-1.0)}
    same = evaluate(pipeline(), shop, [question], steep, lambda *_: None)[0]
    assert same.log_odds == pytest.approx(plain.log_odds, abs=0.05)


def test_a_catalog_that_sees_nothing_is_as_unsure_as_can_be(shop: MemoryCatalog) -> None:
    class Blind:
        decision = staticmethod(pipeline().decision)

        def find(self, image: Image, catalog: object) -> tuple[Match, ...]:
            guess = pipeline().match(image, [Detection(BOX, 0.5)], shop)[0]
            assert catalog is not None
            return (replace(guess, verification=None, probability=0.9),)

    outcomes = evaluate(Blind(), shop, [Sample(SampleKind.UNKNOWN, blank)], {}, lambda *_: None)[0]
    assert outcomes.log_odds < -10
    assert log_odds(0.0) == pytest.approx(-13.8, abs=0.1)
    assert log_odds(1.0) == pytest.approx(13.8, abs=0.1)


def test_a_drawn_view_is_found_and_is_another_one_each_time(shop: MemoryCatalog) -> None:
    crop = shop.encoding("p5-0").crop
    first, again, second = (
        draw_view(printed(5), crop, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first.shape == (480, 480, 3)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)
    best = pipeline().identify(first, shop).matches[0]
    assert best.product_id == "p5"
    assert best.probability > 0.8


def blank() -> Image:
    return np.full((240, 320, 3), 127, np.uint8)
