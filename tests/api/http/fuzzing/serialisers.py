"""For schemathesis: bodies of the types that only we have, as the bytes they are."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/zip", "application/sdp", "image/*")
def plain_bytes(_: Any, value: object) -> bytes:
    """The body as it was made up."""
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "replace")
