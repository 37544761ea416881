"""Unpacking a zip of products safely: bounded, below one folder, without links, names as meant."""

import fcntl
import shutil
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

from catalog.errors import Invalid, StorageUnavailable
from catalog.ingest.image_file import LARGEST_FILE
from catalog.ingest.rubbish import is_rubbish
from catalog.records.validation import one_line
from catalog.storage.folder import describe_os_error
from catalog.transfer.manifest import MANIFEST_NAMES

OnFile = Callable[[int, int], None]
"""Called with files done and files in all before each file; may raise to stop."""

# Files and bytes of one archive: beyond any catalog, and within a disk.
MOST_FILES: Final = 500_000
MOST_BYTES: Final = 100_000_000_000
# Left for everybody else on the disk.
FREE_BYTES: Final = 1_000_000_000
# Pictures hardly shrink; a file over a megabyte that shrinks a hundredfold is a zip bomb.
_MOST_SWELLING: Final = 100  # times
_SMALL: Final = 1_000_000  # bytes
_LINK: Final = stat.S_IFLNK
_CHUNK: Final = 1 << 20  # bytes, held in memory and written at once
_LOOK_AGAIN: Final = 64 << 20  # bytes written between two looks at the free space

# Folders of imports; one whose lock nobody holds was left by a process that was killed.
_PREFIX: Final = "skulens-import-"
_LOCK: Final = "lock"
_STALE_SECONDS: Final = 60.0  # for the moment between making a folder and locking it

# A flag of a member: its name is UTF-8. Finder writes UTF-8 without it.
_IS_UTF8: Final = 0x800
_DOS_PAGE: Final = "cp437"
# An extra field of Info-ZIP: version, checksum of the other name, the name in UTF-8.
_UNICODE_NAME: Final = 0x7075

# What `zipfile` was seen to raise on damaged, encrypted and unusual archives.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
_MIXED_UP: Final = (FileExistsError, NotADirectoryError, IsADirectoryError)


@dataclass(frozen=True, slots=True)
class UnpackBounds:
    """Bounds of one archive.

    Attributes:
        most_files: in it.
        most_bytes: when it is unpacked.
        free_bytes: that stay free on the disk.
        free: tells how many bytes are free where a folder is.
    """

    most_files: int = MOST_FILES
    most_bytes: int = MOST_BYTES
    free_bytes: int = FREE_BYTES
    free: Callable[[Path], int] = field(default=lambda folder: shutil.disk_usage(folder).free)


@contextmanager
def unpack_archive(archive: Path, bounds: UnpackBounds | None = None) -> Iterator[Path]:
    """Yield the folder with an archive's files, while the block runs.

    A single folder around all products is entered. Nothing is left when the block ends, however it
    does; what a killed process left is removed by the next one.

    Raises:
        Invalid: as `unpack_into`.
        StorageUnavailable: as `unpack_into`.
    """
    with _temporary_folder() as folder:
        unpack_into(archive, folder, bounds or UnpackBounds(), str(archive))
        yield inner_folder(folder)


def unpack_into(
    archive: Path,
    folder: Path,
    bounds: UnpackBounds,
    name: str,
    on_file: OnFile | None = None,
) -> None:
    """Unpack an archive into a folder, which is removed when that fails.

    Everything is checked before the first file is written, the free space also meanwhile.

    Args:
        archive: the file.
        folder: made if it is missing.
        bounds: of what it holds.
        name: of the archive, for messages.
        on_file: called before each file.

    Raises:
        Invalid: it is no zip, is damaged or encrypted, holds a path that leads out of it or a link,
            or would swell beyond all bounds.
        StorageUnavailable: it cannot be read, or the disk refused or has too little free space.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive) as opened:
            members = _members(opened)
            _check(members, bounds, name)
            room = _Room(folder, bounds)
            room.check(sum(member.info.file_size for member in members))
            for done, member in enumerate(members):
                if on_file:
                    on_file(done, len(members))
                _unpack(opened, member, folder, room)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, _MIXED_UP):
            raise Invalid(f"{name} holds a file and a folder of one name") from error
        if isinstance(error, OSError):
            raise StorageUnavailable(describe_os_error("unpack", Path(name), error)) from error
        if isinstance(error, _DAMAGE):
            reason = one_line(str(error))
            raise Invalid(f"{name} is damaged, encrypted or no zip ({reason})") from error
        raise


def inner_folder(folder: Path) -> Path:
    """Return the single folder around all products, or the folder itself."""
    entries = list(folder.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return folder
    inner = list(entries[0].iterdir())
    has_products = any(e.is_dir() or e.name.casefold() in MANIFEST_NAMES for e in inner)
    return entries[0] if has_products else folder


@dataclass(frozen=True, slots=True)
class _Member:
    info: zipfile.ZipInfo
    name: str

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name.replace("\\", "/"))


class _Room:
    """Looks at the free space of a disk while it fills."""

    def __init__(self, folder: Path, bounds: UnpackBounds) -> None:
        self._folder = folder
        self._bounds = bounds
        self._written = 0

    def check(self, wanted: int) -> None:
        free = self._bounds.free(self._folder)
        if wanted > free - self._bounds.free_bytes:
            raise StorageUnavailable(
                f"cannot unpack {wanted:,} bytes: {free:,} are free there, of which "
                f"{self._bounds.free_bytes:,} stay so (SKULENS_FREE_GB); free some space, or name "
                "a folder on another disk in TMPDIR"
            )

    def note(self, written: int) -> None:
        self._written += written
        if self._written >= _LOOK_AGAIN:
            self._written = 0
            self.check(0)


def _members(opened: zipfile.ZipFile) -> list[_Member]:
    named = (_Member(info, _name(info)) for info in opened.infolist() if not info.is_dir())
    return [member for member in named if not is_rubbish(member.path.parts or ("",))]


def _name(info: zipfile.ZipInfo) -> str:
    """Return a member's name as it was meant, where `zipfile` takes it for an old code page's."""
    if info.flag_bits & _IS_UTF8:
        return info.filename
    raw = info.orig_filename.encode(_DOS_PAGE, "replace")
    with suppress(UnicodeDecodeError):
        return _unicode_name(info.extra, raw) or raw.decode("utf-8")
    return info.filename


def _unicode_name(extra: bytes, raw: bytes) -> str:
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        value, extra = extra[4 : 4 + size], extra[4 + size :]
        # The checksum tells whether the archive was renamed by a program that knows no such field.
        if kind == _UNICODE_NAME and size > 5 and value[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return value[5:].decode("utf-8")
    return ""


def _check(members: Sequence[_Member], bounds: UnpackBounds, archive: str) -> None:
    if len(members) > bounds.most_files:
        raise Invalid(f"{archive} holds {len(members):,} files; give at most {bounds.most_files:,}")
    total = sum(member.info.file_size for member in members)
    if total > bounds.most_bytes:
        raise Invalid(
            f"{archive} would unpack to {total:,} bytes; give at most {bounds.most_bytes:,} "
            "(SKULENS_IMPORT_GB)"
        )
    paths: set[PurePosixPath] = set()
    for member in members:
        _check_member(member, archive)
        if member.path in paths:
            raise Invalid(f"{archive} holds {one_line(member.name)!r} twice; nothing was unpacked")
        paths.add(member.path)


def _check_member(member: _Member, archive: str) -> None:
    path, shown = member.path, repr(one_line(member.name))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in member.name:
        raise Invalid(f"{archive} holds {shown}, which leads out of it; nothing was unpacked")
    if "\0" in member.name:
        raise Invalid(f"{archive} holds {shown}, which leads out of it; nothing was unpacked")
    if stat.S_IFMT(member.info.external_attr >> 16) == _LINK:
        raise Invalid(f"{archive} holds the link {shown}; nothing was unpacked")
    size, packed = member.info.file_size, member.info.compress_size
    if size > max(_SMALL, _MOST_SWELLING * packed) or size > LARGEST_FILE:
        raise Invalid(
            f"{archive} holds {shown}, which would unpack to {size:,} bytes; nothing was unpacked"
        )


def _unpack(opened: zipfile.ZipFile, member: _Member, folder: Path, room: _Room) -> None:
    target = folder / member.path
    target.parent.mkdir(parents=True, exist_ok=True)
    # `zipfile` reads no more than the size that was checked, whatever the data say.
    with opened.open(member.info) as source, target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            room.note(len(chunk))
            file.write(chunk)


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    place = Path(gettempdir())
    with ExitStack() as stack:
        try:
            _sweep(place)
            made = TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(made))
            lock = stack.enter_context((folder / _LOCK).open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            raise StorageUnavailable(describe_os_error("use", place, error)) from error
        yield folder / "files"


def _sweep(folder: Path) -> None:
    """Remove what killed processes left; the system lets go of the lock of a process that dies."""
    for leftover in folder.glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):  # another's, or being swept by another
            if leftover.stat().st_mtime > time.time() - _STALE_SECONDS:
                continue
            with leftover.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(leftover.parent, ignore_errors=True)
