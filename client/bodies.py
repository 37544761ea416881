"""Request bodies and paths: files in chunks, images as form parts, escaped names."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from client.connection import CHUNK_BYTES, Part

# An image file, or a name and the bytes of one.
Picture: TypeAlias = Path | tuple[str, bytes]
# "whole", "automatic", or four corners [x, y].
Keep: TypeAlias = str | list[list[float]]
OnBytes: TypeAlias = Callable[[int, int], None]


def read_chunks(file: Path, size: int, on_bytes: OnBytes | None) -> Iterator[bytes]:
    """Read a file in chunks; `on_bytes` gets the bytes sent so far and the size in bytes."""
    sent = 0
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            yield chunk
            sent += len(chunk)
            if on_bytes is not None:
                on_bytes(sent, size)


def route(*parts: str) -> str:
    """Return a path of the API, each part escaped."""
    return "/".join(("/v1", *(quote(part, safe="") for part in parts)))


def image_parts(field: str, pictures: Sequence[Picture]) -> list[Part]:
    """Return pictures as files of a form, all in one field."""
    return [(field, _read(picture)) for picture in pictures]


def keep_field(keep: Keep | None) -> dict[str, str]:
    """Return the form's field that says what to keep of its pictures."""
    if keep is None:
        return {}
    return {"keep": keep if isinstance(keep, str) else json.dumps(keep)}


def _read(picture: Picture) -> tuple[str, bytes]:
    return (picture.name, picture.read_bytes()) if isinstance(picture, Path) else picture


def if_match(revision: int | None) -> dict[str, str]:
    """Return the header by which a change is refused if the product has another revision."""
    return {} if revision is None else {"If-Match": f'"{revision}"'}
