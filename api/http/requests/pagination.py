"""Pages of long lists: opaque cursors, signed by nothing, checked when they come back."""

import base64
import binascii
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from api.http.problems import Problem

_LAST_OFFSET: Final = 1_000_000_000  # no list is that long


def encode_cursor(place: str | int) -> str:
    """Return a cursor for the place where the next page begins."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | int | None:
    """Return the place where a page begins; None for the first.

    Raises:
        Problem: the cursor was not made here.
    """
    if not cursor:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        place = None
    if isinstance(place, bool) or not isinstance(place, str | int):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the cursor is none; leave it out to begin")
    return place


def parse_event_id(last_event_id: str | None, most: int) -> int | None:
    """Return the number in a `Last-Event-ID`; None if it holds none, `most` if it is beyond."""
    if not last_event_id or not (last_event_id.isascii() and last_event_id.isdigit()):
        return None
    digits = last_event_id.lstrip("0") or "0"
    return min(int(digits), most) if len(digits) <= len(str(most)) else most


def decode_text_cursor(cursor: str | None) -> str:
    """Return where a page of a list sorted by text begins; empty for the first."""
    return str(decode_cursor(cursor) or "")


def decode_offset(cursor: str | None) -> int:
    """Return where a page of a numbered list begins; 0 for the first.

    Raises:
        Problem: the cursor is not one of such a list.
    """
    place = decode_cursor(cursor) or 0
    if not isinstance(place, int) or not 0 <= place <= _LAST_OFFSET:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the cursor is none; leave it out to begin")
    return place


def paginate(keys: Sequence[str], after: str, limit: int) -> tuple[list[str], str | None]:
    """Return the sorted keys after a place, and the next page's cursor if there is more."""
    rest = sorted(key for key in keys if key > after)
    shown = rest[:limit]
    return shown, encode_cursor(shown[-1]) if len(rest) > limit else None
