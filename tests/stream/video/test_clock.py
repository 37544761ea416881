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


def test_world_timestamps_that_jump_ahead_go_on_one_step_later() -> None:
    clock = PresentationClock(MILLISECOND, STEP, max_step=10)
    stamps = (0, 9000, 20000, 20040, 90_000_000, 30)
    found = [round(clock.seconds(stamp), 3) for stamp in stamps]
    assert found == [0.0, 9.0, 9.04, 9.08, 9.12, 9.16]
    assert clock.origin is None


def test_world_a_pause_of_minutes_is_kept_where_the_clock_does_not_jump() -> None:
    clock = PresentationClock(MILLISECOND, STEP)
    assert [clock.seconds(stamp) for stamp in (0, 600_000, 600_040)] == [0.0, 600.0, 600.04]
