"""A tap on a picture, as text: `120,80`."""

from matcher.crops.propose.ranking import Point
from matcher.errors import MatcherError


class TapError(MatcherError):
    """A tap is misspelt, or lies outside the picture."""


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
