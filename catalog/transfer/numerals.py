"""Numbers as people and spreadsheets write them: with a decimal comma or point, and thousands."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from catalog.records.codec import Malformed

# Between groups of three digits: spaces, also narrow and unbreakable ones, and Swiss apostrophes.
_GAP: Final = re.compile(r"(?<=[0-9])[ \xa0\u2009\u202f'\u2019](?=[0-9]{3}(?![0-9]))")
_WHOLE: Final = re.compile(r"[+-]?[0-9]+")
_EITHER: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_EXPONENT: Final = r"([eE][+-]?[0-9]+)?"
_POINT: Final = re.compile(
    rf"[+-]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+|[1-9][0-9]{{0,2}}(,[0-9]{{3}})+\.[0-9]+){_EXPONENT}"
    r"|[+-]?[1-9][0-9]{0,2}(,[0-9]{3}){2,}"
)
_COMMA: Final = re.compile(
    rf"[+-]?([0-9]+,[0-9]*|,[0-9]+|[1-9][0-9]{{0,2}}(\.[0-9]{{3}})+,[0-9]+){_EXPONENT}"
    r"|[+-]?[1-9][0-9]{0,2}(\.[0-9]{3}){2,}"
)
_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


class DecimalMark(Enum):
    """The sign before the decimals in the numbers of a column."""

    POINT = "."
    COMMA = ","
    BOTH = "both"
    UNKNOWN = "unknown"


def decimal_mark(texts: Iterable[str]) -> DecimalMark:
    """Find a column's decimal mark by those of its numbers that can be read in one way only."""
    found = {mark for text in texts if (mark := _sure_mark(_without_gaps(text)))}
    if len(found) == 2:
        return DecimalMark.BOTH
    return found.pop() if found else DecimalMark.UNKNOWN


def read_number(text: str, column: DecimalMark, fallback: DecimalMark) -> float:
    """Read a number.

    Args:
        text: the number; `1.299` and `1,299` can be read in two ways, all others in one.
        column: of the whole column, which settles those.
        fallback: what settles them where the column does not.

    Raises:
        Malformed: it is none, or can be read in two ways; the message lacks a subject.
    """
    plain = _without_gaps(text)
    if _WHOLE.fullmatch(plain) or _NOT_FINITE.fullmatch(plain):
        return float(plain)
    mark = _sure_mark(plain)
    if mark is None and _EITHER.fullmatch(plain):
        mark = fallback if column is DecimalMark.UNKNOWN else column
    match mark:
        case DecimalMark.POINT:
            return float(plain.replace(",", ""))
        case DecimalMark.COMMA:
            return float(plain.replace(".", "").replace(",", "."))
        case None:
            raise Malformed("is no number")
        case _:
            whole = re.sub("[.,]", "", plain)
            raise Malformed(f"can be read in two ways; write {whole}, or other decimals")


def is_ambiguous(text: str) -> bool:
    """Return whether a number can be read in two ways."""
    return _EITHER.fullmatch(_without_gaps(text)) is not None


def _without_gaps(text: str) -> str:
    return _GAP.sub("", text.strip().replace("\u2212", "-"))


def _sure_mark(text: str) -> DecimalMark | None:
    if _WHOLE.fullmatch(text) or _EITHER.fullmatch(text):
        return None
    if _POINT.fullmatch(text):
        return DecimalMark.POINT
    return DecimalMark.COMMA if _COMMA.fullmatch(text) else None
