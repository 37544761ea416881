"""Pages of long lists: opaque cursors, signed by nothing, checked when they come back."""

import base64
import binascii
import json
from collections.abc import Sequence
from http import HTTPStatus

from api.http.problems import Problem


def encode_cursor(place: str | int) -> str:
    """A cursor that says where the next page begins."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | int | None:
    """Where a page begins; None for the first.

    Raises:
        Problem: it is no cursor of ours.
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


def decode_text_cursor(cursor: str | None) -> str:
    """Likewise, of a list sorted by text; empty for the first page."""
    return str(decode_cursor(cursor) or "")


def decode_offset(cursor: str | None) -> int:
    """Likewise, of a list that is counted; 0 for the first page.

    Raises:
        Problem: it is no such cursor.
    """
    place = decode_cursor(cursor) or 0
    if not isinstance(place, int) or not 0 <= place <= 1_000_000_000:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the cursor is none; leave it out to begin")
    return place


def paginate(keys: Sequence[str], after: str, limit: int) -> tuple[list[str], str | None]:
    """The sorted keys that follow a place, and the next page's cursor if there is more."""
    rest = sorted(key for key in keys if key > after)
    shown = rest[:limit]
    return shown, encode_cursor(shown[-1]) if len(rest) > limit else None
