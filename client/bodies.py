"""What a client sends: files piece by piece, pictures in forms, names in paths."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from client.connection import CHUNK, Part

# A file, or the name and the bytes of one.
Picture: TypeAlias = Path | tuple[str, bytes]
OnBytes: TypeAlias = Callable[[int, int], None]


def read(file: Path, size: int, on_bytes: OnBytes | None) -> Iterator[bytes]:
    """A file, piece by piece; `on_bytes` is told bytes sent and bytes in all."""
    sent = 0
    with file.open("rb") as opened:
        while piece := opened.read(CHUNK):
            yield piece
            sent += len(piece)
            if on_bytes is not None:
                on_bytes(sent, size)


def path_of(*parts: str) -> str:
    """A path of the API, its parts escaped."""
    return "/".join(("/v1", *(quote(part, safe="") for part in parts)))


def parts_of(field: str, pictures: Sequence[Picture]) -> list[Part]:
    """Pictures as files of a form."""
    return [(field, _named(one)) for one in pictures]


def _named(picture: Picture) -> tuple[str, bytes]:
    return (picture.name, picture.read_bytes()) if isinstance(picture, Path) else picture


def only_if(revision: int | None) -> dict[str, str]:
    """The header that has a change refused if the product has another revision."""
    return {} if revision is None else {"If-Match": f'"{revision}"'}
