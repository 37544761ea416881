"""Capture times of pictures."""

from collections.abc import Sequence

import pytest

from stream.decode.capture_clock import CaptureClock

START = 1_700_000_000.0


def ages(
    clock: CaptureClock, pictures: Sequence[tuple[float, float | None, float | None]]
) -> list[float]:
    """Ages of pictures given as (arrival, media time, sender time), all since the start."""
    found = []
    for arrival, media, sender in pictures:
        sent = None if sender is None else START + sender
        captured_at = clock.captured_at(START + arrival, media, sent)
        found.append(START + arrival - captured_at)
    return found


def test_without_any_time_the_arrival_counts() -> None:
    assert ages(CaptureClock(), [(0, None, None), (5, None, None)]) == [0, 0]


def test_delay_that_grows_in_a_buffer_counts_as_age() -> None:
    found = ages(CaptureClock(), [(i * 0.05, i * 0.04, None) for i in range(200)])
    assert found[0] == 0
    assert found[-1] == pytest.approx(199 * 0.01, abs=0.01)


def test_a_burst_after_a_stall_is_old_and_the_next_pictures_are_young_again() -> None:
    steady = [(i * 0.04, i * 0.04, None) for i in range(25)]
    burst = [(3.0 + i * 0.001, 1.0 + i * 0.04, None) for i in range(50)]
    after = [(3.08 + i * 0.04, 3.04 + i * 0.04, None) for i in range(5)]
    found = ages(CaptureClock(), steady + burst + after)
    assert found[25] == pytest.approx(2.0, abs=0.01)
    assert max(found[-5:]) < 0.05


def test_a_right_clock_is_taken_at_its_word() -> None:
    found = ages(CaptureClock(), [(i * 0.04 + 0.2, i * 0.04, i * 0.04) for i in range(5)])
    assert found == pytest.approx([0.2] * 5, abs=1e-5)


@pytest.mark.parametrize("error", [-3600.0, -0.3, 5.0, 90_000.0])
def test_a_wrong_clock_counts_for_differences_only(error: float) -> None:
    pictures = [(i * 0.04, i * 0.04, i * 0.04 - error) for i in range(50)]
    late = [(2.0 + 1.5, 2.0, 2.0 - error)]
    found = ages(CaptureClock(), pictures + late)
    assert max(found[:50]) < 0.31
    assert found[-1] == pytest.approx(1.5, abs=0.31)


def test_the_delay_so_far_stays_when_the_sender_s_clock_becomes_known() -> None:
    early = [(0.0, 0.0, None), (1.04, 0.04, None)]
    found = ages(CaptureClock(), [*early, (1.08, 0.08, 5000.0), (1.12, 0.12, 5000.04)])
    assert found[1:] == pytest.approx([1.0, 1.0, 1.0], abs=0.05)


@pytest.mark.parametrize("jump", [-1000.0, 1000.0])
def test_timestamps_that_jump_leave_no_lasting_age(jump: float) -> None:
    pictures = [(i * 0.04, i * 0.04 + (jump if i >= 50 else 0), None) for i in range(100)]
    assert max(ages(CaptureClock(), pictures)) < 0.01


def test_clocks_that_drift_apart_like_quartz_do_not_age_pictures() -> None:
    found = ages(CaptureClock(), [(i * 1.0001, float(i), None) for i in range(36_000)])
    assert max(found) < 0.01


@pytest.mark.parametrize("jump", [3600.0, -3600.0], ids=["ahead", "back"])
@pytest.mark.parametrize("has_sender", [True, False])
def test_world_a_clock_of_ours_that_is_set_ages_no_picture(jump: float, has_sender: bool) -> None:
    clock = CaptureClock()
    for number in range(200):
        time = number * 0.04
        wall = START + time + (jump if number >= 100 else 0.0)
        sender = START + time - 0.01 if has_sender else None
        captured_at = clock.captured_at(wall, time, sender, steady=time)
        assert wall - captured_at == pytest.approx(0.0, abs=0.02)
