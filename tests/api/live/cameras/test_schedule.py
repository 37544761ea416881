"""Windows of the week."""

from collections.abc import Callable
from datetime import datetime

import pytest

from api.errors import Refused
from api.live.cameras import (
    Hours,
    Window,
)


@pytest.mark.parametrize(
    ("window", "moment", "is_open"),
    [
        (Window(("mon",), "08:00", "18:00"), "2026-03-02T08:00", True),
        (Window(("mon",), "08:00", "18:00"), "2026-03-02T18:00", False),
        (Window(("mon",), "08:00", "18:00"), "2026-03-03T09:00", False),
        (Window(("mon",), "22:00", "06:00"), "2026-03-03T05:59", True),
        (Window(("mon",), "22:00", "06:00"), "2026-03-02T05:59", False),
        (Window(("mon",), "00:00", "00:00"), "2026-03-02T13:00", True),
    ],
)
def test_hours_are_of_the_place_s_own_time(window: Window, moment: str, is_open: bool) -> None:
    zurich = datetime.fromisoformat(f"{moment}+01:00").timestamp()
    assert Hours((window,), "Europe/Zurich").open_at(zurich) is is_open


def test_no_hours_means_always() -> None:
    assert Hours().open_at(0)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Window(("someday",), "08:00", "09:00"), "someday"),
        (lambda: Window((), "08:00", "09:00"), "none is no day"),
        (lambda: Window(("mon",), "8", "09:00"), "08:30"),
        (lambda: Hours((), "Moon/Base"), "Moon/Base"),
        (lambda: Hours((), "../../etc/passwd"), "time zone"),
    ],
)
def test_hours_that_cannot_be_are_refused(make: Callable[[], object], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        make()
