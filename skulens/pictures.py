"""Pictures as people have them, and refusals as one exception."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from skulens.results import SkulensError

if TYPE_CHECKING:
    # Names in signatures only: `import skulens` does not wait for NumPy.
    import numpy as np
    from numpy.typing import NDArray

    Picture: TypeAlias = NDArray[np.uint8] | bytes | str | os.PathLike[str]


def read_picture(picture: "Picture") -> "NDArray[np.uint8]":
    """Return a picture as (H, W, 3) RGB.

    Raises:
        TypeError: it is nothing that a picture can be given as.
        ValueError: an array of another shape or type.
        PictureError: it cannot be read as a picture.
        Refused: there is no such file.
    """
    import numpy as np

    from api.cli.files import read_picture_file
    from catalog.ingest.image_file import check_size, read_image

    if isinstance(picture, np.ndarray):
        right = picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8
        if not right or picture.size == 0:
            raise ValueError(
                f"expected an array (H, W, 3) of uint8, got {picture.shape} of {picture.dtype}"
            )
        check_size(picture.shape[1], picture.shape[0], "the picture")
        return picture
    if isinstance(picture, bytes):
        return read_image(picture, "the picture")
    if not isinstance(picture, str | os.PathLike):
        raise TypeError(
            "expected a picture as the name of a file, its bytes, or an array (H, W, 3) of uint8, "
            f"got {type(picture).__name__}"
        )
    path = Path(picture)
    return read_image(read_picture_file(path), str(path))


def check_many(pictures: "Iterable[Picture]") -> "Sequence[Picture]":
    """Return pictures, if they are several, or one in a list.

    Raises:
        TypeError: it is one picture, not in a list.
        Refused: there are none.
    """
    from api.errors import Refused

    if isinstance(pictures, str | bytes | os.PathLike) or hasattr(pictures, "shape"):
        raise TypeError("expected a list of pictures, got one; put it in a list")
    several = list(pictures)
    if not several:
        raise Refused("there are no other pictures; give at least one")
    return several


def check_aspects(aspects: Iterable[object] | str) -> Sequence[str]:
    """Return aspects as they were given, one alone in a list.

    Raises:
        TypeError: one is no text.
        Refused: there are none.
    """
    from api.errors import Refused

    listed: list[str] = []
    for aspect in [aspects] if isinstance(aspects, str) else aspects:
        if not isinstance(aspect, str):
            raise TypeError(f"expected aspects as texts such as '16:9', got {aspect!r}")
        listed.append(aspect)
    if not listed:
        raise Refused("there are no aspects; give at least one, such as 1:1 or 16:9")
    return listed


@contextmanager
def refusals_as_one_error() -> Iterator[None]:
    """Turn whatever people are told into `SkulensError`."""
    from api.errors import refusals, sentence

    try:
        yield
    except refusals() as error:
        raise SkulensError(sentence(error)) from error
