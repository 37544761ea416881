"""When a camera is watched: windows of the week, in a place's own time."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from api.errors import Refused

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_WINDOWS: Final = 64  # of one camera
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time on some days of the week.

    Attributes:
        days: of `DAYS`, on which it begins.
        begins: "HH:MM".
        ends: "HH:MM", not included; on the next day if it is not after `begins`.
    """

    days: tuple[str, ...]
    begins: str
    ends: str

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            Refused: a day or a time is none.
        """
        unknown = [day for day in self.days if day not in DAYS]
        if unknown or not self.days:
            day = repr(unknown[0]) if unknown else "none"
            raise Refused(f"{day} is no day; days are {', '.join(DAYS)}")
        for clock in (self.begins, self.ends):
            if not _CLOCK.fullmatch(clock):
                raise Refused(f"{clock!r} is no time of day; write it as 08:30")

    def has(self, moment: datetime) -> bool:
        """Whether a moment, in the window's own time zone, lies in it."""
        begins, ends = time.fromisoformat(self.begins), time.fromisoformat(self.ends)
        today = DAYS[moment.weekday()] in self.days
        if begins < ends:
            return today and begins <= moment.time() < ends
        yesterday = DAYS[(moment - timedelta(days=1)).weekday()] in self.days
        return (today and moment.time() >= begins) or (yesterday and moment.time() < ends)


@dataclass(frozen=True, slots=True)
class Hours:
    """The windows in which a camera is watched; none means always.

    Attributes:
        windows: a camera is watched in any of them.
        zone: name of the time zone, such as "Europe/Zurich".
    """

    windows: tuple[Window, ...] = ()
    zone: str = "UTC"

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            Refused: there is no such time zone, or there are too many windows.
        """
        if len(self.windows) > MOST_WINDOWS:
            raise Refused(f"{len(self.windows)} windows are too many; use at most {MOST_WINDOWS}")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise Refused(
                f"there is no time zone {self.zone!r}; name one such as Europe/Zurich"
            ) from error

    def open_at(self, unix_time: float) -> bool:
        """Whether the camera is to be watched at that time."""
        if not self.windows:
            return True
        moment = datetime.fromtimestamp(unix_time, UTC).astimezone(ZoneInfo(self.zone))
        return any(window.has(moment) for window in self.windows)
