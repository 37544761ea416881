import math
from itertools import pairwise

from matcher.tracking.scheduler import (
    WHOLE_PICTURE,
    SchedulerSettings,
    VerifiableTrack,
    VerificationScheduler,
)

NEVER = 1e9


def track(track_id: int, first_seen: float = 0.0, **given: float) -> VerifiableTrack:
    return VerifiableTrack(
        track_id,
        first_seen,
        given.get("leaves_in", NEVER),
        lambda: float(given.get("quality", 1.0)),
        int(given.get("agreeing", 0)),
    )


def next_task(scheduler: VerificationScheduler, tracks: list[VerifiableTrack]) -> int | None:
    due = scheduler.most_urgent(tracks)
    return None if due is None else due.task


def ready(time: float = 0.0) -> VerificationScheduler:
    scheduler = VerificationScheduler(SchedulerSettings(units_per_second=10), whole_at=math.inf)
    scheduler.earn(time)
    return scheduler


def test_the_whole_picture_comes_first_of_all() -> None:
    scheduler = VerificationScheduler(SchedulerSettings())
    scheduler.earn(0.0)
    assert next_task(scheduler, [track(1)]) == WHOLE_PICTURE
    scheduler.record_whole_picture(found_new=True)
    assert next_task(scheduler, [track(1)]) == 1


def test_an_older_track_comes_first_unless_a_younger_one_is_leaving() -> None:
    scheduler = ready(1.0)
    assert next_task(scheduler, [track(1, 0.9), track(2, 0.8)]) == 2
    assert next_task(scheduler, [track(1, 0.9, leaves_in=0.1), track(2, 0.8)]) == 1


def test_work_stops_when_the_units_are_spent_and_goes_on_with_media_time() -> None:
    scheduler = ready()
    for track_id in range(1, 6):
        assert next_task(scheduler, [track(track_id)]) == track_id
        scheduler.record_track(track_id, 1.0)
    assert next_task(scheduler, [track(9)]) is None
    scheduler.earn(0.05)
    assert next_task(scheduler, [track(9)]) is None
    scheduler.earn(0.1)
    assert next_task(scheduler, [track(9)]) == 9


def test_cuts_in_quick_succession_do_not_make_the_whole_picture_dear() -> None:
    scheduler, tries = VerificationScheduler(SchedulerSettings(whole_seconds=0.4)), 0
    for n in range(100):
        scheduler.earn(n / 25)
        scheduler.record_cut()
        if next_task(scheduler, []) == WHOLE_PICTURE:
            scheduler.record_whole_picture(found_new=True)
            tries += 1
    assert 15 <= tries <= 20


def test_a_clearly_better_view_is_looked_at_before_its_time() -> None:
    scheduler = ready()
    scheduler.record_track(1, 1.0)
    scheduler.record_track(1, 1.0)
    scheduler.earn(0.4)
    assert next_task(scheduler, [track(1, quality=1.1)]) is None
    assert next_task(scheduler, [track(1, quality=1.5)]) == 1


def test_waits_double_while_there_is_no_answer() -> None:
    scheduler, verified_at, time = ready(), [], 0.0
    while time < 30:
        scheduler.earn(time)
        if next_task(scheduler, [track(1)]) == 1:
            scheduler.record_track(1, 1.0)
            verified_at.append(time)
        time += 0.1
    gaps = [b - a for a, b in pairwise(verified_at)]
    assert all(b > a - 0.15 for a, b in pairwise(gaps))
    assert len(verified_at) <= 14


def test_tries_of_the_whole_picture_become_rare_when_they_find_nothing_new() -> None:
    scheduler, tries, time = VerificationScheduler(SchedulerSettings()), 0, 0.0
    while time < 20:
        scheduler.earn(time)
        if next_task(scheduler, []) == WHOLE_PICTURE:
            scheduler.record_whole_picture(found_new=False)
            tries += 1
        time += 0.1
    assert 10 <= tries <= 18
    scheduler.record_cut()
    assert next_task(scheduler, []) == WHOLE_PICTURE


def test_a_long_gap_earns_no_more_than_a_full_budget() -> None:
    scheduler = ready()
    scheduler.units = 0.0
    scheduler.earn(1000.0)
    assert scheduler.units == 5.0


def test_a_blurred_frame_is_left_out_until_a_look_is_overdue() -> None:
    scheduler = ready()
    scheduler.earn(0.1, sharpness=1.0)
    scheduler.earn(0.2, sharpness=0.5)
    assert next_task(scheduler, [track(1, 0.0)]) is None
    scheduler.earn(0.5, sharpness=0.5)
    assert next_task(scheduler, [track(1, 0.0)]) == 1


def test_a_scene_that_stays_soft_is_soon_sharp_enough() -> None:
    scheduler = ready()
    scheduler.earn(0.1, sharpness=1.0)
    for n in range(2, 40):
        scheduler.earn(n / 10, sharpness=0.5)
    assert scheduler.is_clear


def test_reading_words_is_paid_for_like_looks() -> None:
    scheduler = ready()
    spent = scheduler.settings.burst_seconds * scheduler.settings.units_per_second
    while scheduler.units >= 1:
        scheduler.record_reading()
    assert spent > 1 > scheduler.units
    assert next_task(scheduler, [track(1)]) is None
    scheduler.earn(0.5)
    assert next_task(scheduler, [track(1)]) == 1
