"""Statistics of live sessions: ages, and frames per second."""

import pytest

from matcher.live.messages import RATE_SECONDS, RECENT_FRAMES, FrameResult, RollingStats
from tests.matcher.live.harness import TEA


def test_before_the_first_frame_every_number_is_zero() -> None:
    stats = RollingStats()
    assert stats.percentiles_ms() == (0.0, 0.0, 0.0)
    assert stats.rate(10.0) == 0.0


def test_ages_are_percentiles_in_milliseconds() -> None:
    stats = RollingStats()
    for number in range(101):
        stats.add(number / 1000, number / 25)
    assert stats.percentiles_ms() == pytest.approx((50.0, 95.0, 99.0))


def test_only_recent_frames_count() -> None:
    stats = RollingStats()
    stats.add(9.0, 0.0)
    for number in range(RECENT_FRAMES):
        stats.add(0.1, number / 25)
    assert stats.percentiles_ms() == pytest.approx((100.0, 100.0, 100.0))


def test_frames_per_second_are_those_of_the_last_seconds() -> None:
    stats = RollingStats()
    for number in range(250):
        stats.add(0.1, number / 25)
    assert stats.rate(10.0) == pytest.approx(25.0, rel=0.02)
    assert stats.rate(10.0 + RATE_SECONDS) == 0.0


def test_one_frame_is_no_rate() -> None:
    stats = RollingStats()
    stats.add(0.1, 1.0)
    assert stats.rate(1.1) == 0.0


@pytest.mark.parametrize(("emitted_at", "age"), [(3.5, 2.5), (0.5, 0.0)])
def test_a_result_is_as_old_as_its_frame_and_never_younger_than_it(
    emitted_at: float, age: float
) -> None:
    frame = TEA.frame(25)
    result = FrameResult("s", "shop", frame, (), (), (), emitted_at, late=False, degraded=False)
    assert frame.captured_at == 1.0
    assert result.age_s == age
