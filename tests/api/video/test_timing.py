"""Durations of a finder's calls."""

import numpy as np

from api.video.timing import TimedFinder
from tests.api.shop import ColourFinder


def test_each_stage_is_counted_under_its_name() -> None:
    timed = TimedFinder(ColourFinder())
    image = np.zeros((4, 6, 3), np.uint8)
    assert timed.timings() == ()
    widths = [detection.box.width for _ in range(3) for detection in timed.detect(image)]
    assert widths == [6, 6, 6]
    (timing,) = timed.timings()
    assert (timing.stage, timing.calls) == ("detect", 3)
    assert 0 <= timing.median_ms <= timing.p95_ms <= timing.total_ms
