"""Picture files that the commands of crops ask about."""

from pathlib import Path
from typing import TYPE_CHECKING

from api.cli.files import read_picture_file

if TYPE_CHECKING:
    from api.remote.crop_answers import QueryPicture


def read_query(path: Path) -> "QueryPicture":
    """Read and decode a picture file; a server never gets what is no picture.

    Raises:
        Refused: the file cannot be read.
        PictureError: it is no picture.
    """
    from api.remote.crop_answers import QueryPicture
    from catalog.ingest.image_file import read_image

    data = read_picture_file(path)
    return QueryPicture(str(path), data, read_image(data, str(path)))
