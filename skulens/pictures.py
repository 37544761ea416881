"""Pictures as people have them, and refusals as one exception."""

import os
from collections.abc import Iterator
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
        ValueError: an array of another shape or type.
        PictureError: it cannot be read as a picture.
        Refused: there is no such file.
    """
    import numpy as np

    from api.cli.files import read_picture_file
    from catalog.ingest.image_file import read_image

    if isinstance(picture, np.ndarray):
        right = picture.ndim == 3 and picture.shape[2] == 3 and picture.dtype == np.uint8
        if not right or picture.size == 0:
            raise ValueError(
                f"expected an array (H, W, 3) of uint8, got {picture.shape} of {picture.dtype}"
            )
        return picture
    if isinstance(picture, bytes):
        return read_image(picture, "the picture")
    path = Path(picture)
    return read_image(read_picture_file(path), str(path))


@contextmanager
def refusals_as_one_error() -> Iterator[None]:
    """Turn whatever people are told into `SkulensError`."""
    from api.errors import refusals, sentence

    try:
        yield
    except refusals() as error:
        raise SkulensError(sentence(error)) from error
