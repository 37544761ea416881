"""Unpacking a zip of products safely: bounded, below one folder, without links."""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from catalog.errors import Invalid, StorageUnavailable
from catalog.ingest.image_file import LARGEST_FILE
from catalog.storage.folder import describe_os_error
from catalog.transfer.manifest import MANIFEST_NAMES

# Files and bytes of one archive: beyond any catalog, and within a disk.
MOST_FILES: Final = 500_000
MOST_BYTES: Final = 100_000_000_000
# Pictures hardly shrink; a file over a megabyte that shrinks a hundredfold is a zip bomb.
_MOST_SWELLING: Final = 100  # times
_SMALL: Final = 1_000_000  # bytes
_LINK: Final = stat.S_IFLNK


# What `zipfile` was seen to raise on damaged, encrypted and unusual archives.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@contextmanager
def unpack_archive(archive: Path) -> Iterator[Path]:
    """Yield the folder with an archive's files, while the block runs.

    Everything is checked before the first file is written. A single folder around all products is
    entered.

    Raises:
        Invalid: it is no zip, is damaged or encrypted, holds a path that leads out of it or a link,
            or would swell beyond all bounds.
        StorageUnavailable: it cannot be read, or the disk for temporary files refused.
    """
    with TemporaryDirectory(prefix="skulens-") as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(archive) as opened:
                members = [member for member in opened.infolist() if not _ignored(member)]
                _check(members, archive)
                for member in members:
                    _unpack(opened, member, folder)
        except OSError as error:
            raise StorageUnavailable(describe_os_error("unpack", archive, error)) from error
        except _DAMAGE as error:
            raise Invalid(f"{archive} is damaged, encrypted or no zip ({error})") from error
        yield _inner(folder)


def _ignored(member: zipfile.ZipInfo) -> bool:
    return member.is_dir() or member.filename.startswith("__MACOSX/")


def _check(members: Sequence[zipfile.ZipInfo], archive: Path) -> None:
    if len(members) > MOST_FILES:
        raise Invalid(f"{archive} holds {len(members):,} files; give at most {MOST_FILES:,}")
    total = sum(member.file_size for member in members)
    if total > MOST_BYTES:
        raise Invalid(f"{archive} would unpack to {total:,} bytes; give at most {MOST_BYTES:,}")
    for member in members:
        name = member.filename
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
            raise Invalid(f"{archive} holds {name!r}, which leads out of it; nothing was unpacked")
        if stat.S_IFMT(member.external_attr >> 16) == _LINK:
            raise Invalid(f"{archive} holds the link {name!r}; nothing was unpacked")
        swollen = member.file_size > max(_SMALL, _MOST_SWELLING * member.compress_size)
        if swollen or member.file_size > LARGEST_FILE:
            raise Invalid(
                f"{archive} holds {name!r}, which would unpack to {member.file_size:,} bytes; "
                "nothing was unpacked"
            )


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / PurePosixPath(member.filename.replace("\\", "/"))
    target.parent.mkdir(parents=True, exist_ok=True)
    # `zipfile` reads no more than the size that was checked, whatever the data say.
    with opened.open(member) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file)


def _inner(folder: Path) -> Path:
    entries = list(folder.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return folder
    inner = list(entries[0].iterdir())
    has_products = any(entry.is_dir() or entry.name in MANIFEST_NAMES for entry in inner)
    return entries[0] if has_products else folder
