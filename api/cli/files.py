"""Files that the user named: read with a bound, refused with one sentence."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.errors import Refused
from catalog.ingest.rubbish import is_rubbish

if TYPE_CHECKING:
    from catalog.ingest.image_file import ImageFile
    from catalog.records.kept import KeptChoice

# The largest picture that the catalog accepts, 64 megapixels, has 384 MB in 16 bits without any
# compression; whatever is larger is no picture of ours and is not read into memory.
LARGEST_PICTURE: Final = 400_000_000
# Endings of files in a folder that are taken for pictures; a file that is named is always read.
_ENDINGS: Final = frozenset(
    (".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm")
)


def read_picture_file(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        Refused: there is no such file, it is no plain file, not readable or too large.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise Refused(f"{path} is a folder, not a picture.")
        if not stat.S_ISREG(status.st_mode):
            raise Refused(f"{path} is not a plain file.")
        if status.st_size > LARGEST_PICTURE:
            raise Refused(f"{path} has {status.st_size:,} bytes, too many for a picture.")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Refused(f"there is no picture {path}.") from error
    except OSError as error:
        raise Refused(f"cannot read {path}: {error.strerror or error}.") from error


def read_pictures(paths: Sequence[Path], choice: "KeptChoice | None" = None) -> list["ImageFile"]:
    """Picture files under their own names, in order; `choice` is what to keep of each.

    Raises:
        Refused: one of them cannot be read.
    """
    from catalog.ingest.image_file import ImageFile

    return [ImageFile(path.name, read_picture_file(path), choice) for path in paths]


def list_pictures(given: Sequence[Path]) -> Iterator[Path]:
    """Yield files that were named, and the pictures of folders, sorted by name.

    Raises:
        Refused: a folder has no pictures, or cannot be listed.
    """
    for path in given:
        if not path.is_dir():
            yield path
            continue
        try:
            inside = sorted(entry for entry in path.iterdir() if _is_picture(entry))
        except OSError as error:
            raise Refused(f"cannot list {path}: {error.strerror}.") from error
        if not inside:
            raise Refused(f"there are no pictures in {path}; name a folder of JPEG or PNG files.")
        yield from inside


def _is_picture(entry: Path) -> bool:
    is_named_so = entry.suffix.lower() in _ENDINGS and not is_rubbish([entry.name])
    return is_named_so and not entry.is_dir()
