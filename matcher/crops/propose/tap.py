"""A tap on a picture, as text (`120,80`) or two numbers, and how many answers are wanted."""

from typing import Final

from matcher.crops.propose.ranking import Point
from matcher.errors import MatcherError

MOST_PROPOSALS: Final = 20  # of one picture; nobody reads more


class TapError(MatcherError):
    """A tap is misspelt, or lies outside the picture."""


class LimitError(MatcherError):
    """So many proposals cannot be answered."""


def check_limit(limit: object) -> None:
    """Accept the most proposals that are wanted.

    Raises:
        LimitError: it is no whole number from 1 to `MOST_PROPOSALS`.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_PROPOSALS:
        raise LimitError(
            f"the limit {limit!r} is none; give a whole number from 1 to {MOST_PROPOSALS}"
        )


def tap_of(point: object) -> Point:
    """Return two numbers of pixels, across and down, as a tap.

    Raises:
        TapError: they are something else.
    """
    try:
        x, y = (float(number) for number in point)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        x = y = float("nan")
    if isinstance(point, str) or not (abs(x) < float("inf") and abs(y) < float("inf")):
        raise TapError(f"{point!r} is no point; give two numbers of pixels, such as (120, 80)")
    return x, y


def parse_tap(text: str) -> Point:
    """Read two numbers of pixels, across and down.

    Raises:
        TapError: they are something else.
    """
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        x = y = float("nan")
    if not (abs(x) < float("inf") and abs(y) < float("inf")):
        raise TapError(f"{text!r} is no point; write two numbers of pixels, such as 120,80")
    return x, y


def check_tap(point: Point, width: int, height: int) -> None:
    """Accept a tap on a picture of that size in pixels.

    Raises:
        TapError: it lies outside.
    """
    x, y = point
    if not (0 <= x < width and 0 <= y < height):
        raise TapError(
            f"{x:g},{y:g} lies outside the picture, which is {width} by {height} pixels; "
            "count from its top left corner"
        )
