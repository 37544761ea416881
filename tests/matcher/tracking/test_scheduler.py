import math
from itertools import pairwise

from matcher.tracking.scheduler import (
    WHOLE_PICTURE,
    SchedulerSettings,
    VerifiableTrack,
    VerificationScheduler,
)

NEVER = 1e9


def prospect(track_id: int, first_seen: float = 0.0, **given: float) -> VerifiableTrack:
    return VerifiableTrack(
        track_id,
        first_seen,
        given.get("leaves_in", NEVER),
        lambda: float(given.get("quality", 1.0)),
        int(given.get("agreeing", 0)),
    )


def ready(time: float = 0.0) -> VerificationScheduler:
    schedule = VerificationScheduler(SchedulerSettings(units_per_second=10), whole_at=math.inf)
    schedule.earn(time)
    return schedule


def test_the_whole_picture_comes_first_of_all() -> None:
    schedule = VerificationScheduler(SchedulerSettings())
    schedule.earn(0.0)
    assert schedule.next([prospect(1)]) == WHOLE_PICTURE
    schedule.looked_whole(news=True)
    assert schedule.next([prospect(1)]) == 1


def test_an_older_track_comes_first_unless_a_younger_one_is_leaving() -> None:
    schedule = ready(1.0)
    assert schedule.next([prospect(1, 0.9), prospect(2, 0.8)]) == 2
    assert schedule.next([prospect(1, 0.9, leaves_in=0.1), prospect(2, 0.8)]) == 1


def test_work_stops_when_the_units_are_spent_and_goes_on_with_media_time() -> None:
    schedule = ready()
    for track_id in range(1, 6):
        assert schedule.next([prospect(track_id)]) == track_id
        schedule.looked(track_id, 1.0)
    assert schedule.next([prospect(9)]) is None
    schedule.earn(0.05)
    assert schedule.next([prospect(9)]) is None
    schedule.earn(0.1)
    assert schedule.next([prospect(9)]) == 9


def test_cuts_in_quick_succession_do_not_make_the_whole_picture_dear() -> None:
    schedule, tries = VerificationScheduler(SchedulerSettings(whole_seconds=0.4)), 0
    for n in range(100):
        schedule.earn(n / 25)
        schedule.scene_changed()
        if schedule.next([]) == WHOLE_PICTURE:
            schedule.looked_whole(news=True)
            tries += 1
    assert 15 <= tries <= 20


def test_a_clearly_better_view_is_looked_at_before_its_time() -> None:
    schedule = ready()
    schedule.looked(1, 1.0)
    schedule.looked(1, 1.0)
    schedule.earn(0.4)
    assert schedule.next([prospect(1, quality=1.1)]) is None
    assert schedule.next([prospect(1, quality=1.5)]) == 1


def test_waits_double_while_there_is_no_answer() -> None:
    schedule, looks, time = ready(), [], 0.0
    while time < 30:
        schedule.earn(time)
        if schedule.next([prospect(1)]) == 1:
            schedule.looked(1, 1.0)
            looks.append(time)
        time += 0.1
    gaps = [b - a for a, b in pairwise(looks)]
    assert all(b > a - 0.15 for a, b in pairwise(gaps))
    assert len(looks) <= 14


def test_tries_of_the_whole_picture_become_rare_when_they_find_nothing_new() -> None:
    schedule, tries, time = VerificationScheduler(SchedulerSettings()), 0, 0.0
    while time < 20:
        schedule.earn(time)
        if schedule.next([]) == WHOLE_PICTURE:
            schedule.looked_whole(news=False)
            tries += 1
        time += 0.1
    assert 10 <= tries <= 18
    schedule.scene_changed()
    assert schedule.next([]) == WHOLE_PICTURE


def test_a_long_gap_earns_no_more_than_a_full_purse() -> None:
    schedule = ready()
    schedule.units = 0.0
    schedule.earn(1000.0)
    assert schedule.units == 5.0


def test_a_blurred_frame_is_left_out_until_a_look_is_overdue() -> None:
    schedule = ready()
    schedule.earn(0.1, sharpness=1.0)
    schedule.earn(0.2, sharpness=0.5)
    assert schedule.next([prospect(1, 0.0)]) is None
    schedule.earn(0.5, sharpness=0.5)
    assert schedule.next([prospect(1, 0.0)]) == 1


def test_a_scene_that_stays_soft_is_soon_sharp_enough() -> None:
    schedule = ready()
    schedule.earn(0.1, sharpness=1.0)
    for n in range(2, 40):
        schedule.earn(n / 10, sharpness=0.5)
    assert schedule.is_clear
