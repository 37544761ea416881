"""Times of frames."""

from fractions import Fraction

from stream.video.clock import PresentationClock

MILLISECOND = Fraction(1, 1000)
STEP = Fraction(1, 25)


def test_times_count_from_the_first_frame() -> None:
    clock = PresentationClock(MILLISECOND, STEP)
    assert [clock.seconds(stamp) for stamp in (1466, 1506, 2466)] == [0.0, 0.04, 1.0]
    assert clock.origin == 1466


def test_frames_without_timestamps_come_one_step_apart() -> None:
    clock = PresentationClock(MILLISECOND, STEP)
    assert [clock.seconds(None) for _ in range(3)] == [0.0, 0.04, 0.08]
    assert clock.origin is None


def test_timestamps_that_begin_late_go_on_from_the_guessed_times() -> None:
    clock = PresentationClock(MILLISECOND, STEP)
    assert [clock.seconds(stamp) for stamp in (None, 500, 560)] == [0.0, 0.04, 0.1]


def test_a_small_step_back_keeps_the_last_time() -> None:
    clock = PresentationClock(MILLISECOND, STEP)
    assert [clock.seconds(stamp) for stamp in (0, 100, 80, 120)] == [0.0, 0.1, 0.1, 0.12]


def test_timestamps_that_start_over_go_on_one_step_later() -> None:
    clock = PresentationClock(MILLISECOND, STEP)
    assert [clock.seconds(stamp) for stamp in (0, 5000, 0, 40)] == [0.0, 5.0, 5.04, 5.08]
    assert clock.origin is None


def test_a_known_origin_gives_the_same_times_as_reading_from_the_start() -> None:
    clock = PresentationClock(MILLISECOND, STEP, origin=1466)
    assert clock.seconds(2466) == 1.0
