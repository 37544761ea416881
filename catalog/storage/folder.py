"""Storage in a local folder, safe for several processes and for a crash at any step."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from catalog.errors import NotFound, StorageUnavailable, Undetermined
from catalog.storage.base import StoredObject, check_key

# Everything that is not a key starts with a dot, and no key does.
_PARTIAL: Final = ".partial"
_LOCK: Final = ".lock"
# Tells a storage from the empty folder that is left when its disk is not mounted.
_MARKER: Final = ".storage"
# No write takes this long; an older temporary file was left by a process that died.
_STALE_SECONDS: Final = 3600.0
# What disks without hard links, or across which none can be made, answer.
_NO_HARD_LINKS: Final = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
)
_ADVICE: Final = {
    errno.ENOSPC: "the disk is full; free some space and try again",
    errno.EDQUOT: "your disk quota is used up; free some space and try again",
    errno.EFBIG: "the file is larger than allowed here; raise the limit and try again",
    errno.EROFS: "the disk is read-only; choose a folder that can be written",
    errno.EACCES: "you are not allowed to; change its permissions or choose another folder",
    errno.EPERM: "you are not allowed to; change its permissions or choose another folder",
    errno.EEXIST: "a part of its path is a file, not a folder; choose another folder",
    errno.ENOTDIR: "a part of its path is a file, not a folder; choose another folder",
    errno.ENAMETOOLONG: "its name is too long for this disk; choose another folder",
}


class FolderStorage:
    """Implements `catalog.storage.base.Storage` in a folder, which is created by the first write.

    An object is written to a temporary file, flushed to the disk and then linked or renamed to its
    place in one step. A marker tells whether the folder is still the one that was used before: one
    that was moved away, or whose disk is gone, is neither taken for empty nor written to.
    """

    def __init__(self, root: Path, *, durable: bool = True, hard_links: bool = True) -> None:
        """Name the folder; nothing is touched yet.

        Args:
            root: the folder.
            durable: whether a finished write survives a power cut (several milliseconds each);
                False for folders that are thrown away. A killed process is survived either way.
            hard_links: False makes `put_if_absent` use a lock as on disks without hard links.
        """
        self.root = root
        self._durable = durable
        self._hard_links = hard_links
        self._swept = False
        self._marker: bytes | None = None

    def get(self, key: str) -> bytes:
        """Return the object; see `Storage.get`."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            self._check_marker()
            raise NotFound(f"there is no {path}") from error
        except OSError as error:
            raise StorageUnavailable(describe_os_error("read", path, error)) from error
        self._check_marker()  # after the read, so that what was read is of our storage
        self._remember_marker()
        return data

    def put(self, key: str, data: bytes) -> None:
        """Write the object; see `Storage.put`."""
        path = self._path(key)
        with self._temporary(path, data) as temporary:
            try:
                temporary.replace(path)
            except OSError as error:
                raise StorageUnavailable(describe_os_error("write", path, error)) from error
        self._settle(path)

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """Write the object unless there is one; see `Storage.put_if_absent`."""
        path = self._path(key)
        if path.exists():
            return False
        with self._temporary(path, data) as temporary:
            try:
                won = self._claim(temporary, path)
            except OSError as error:
                raise StorageUnavailable(describe_os_error("write", path, error)) from error
        if won:
            self._settle(path)
        return won

    def list(self, prefix: str) -> tuple[str, ...]:
        """Return the keys under a folder; see `Storage.list`."""
        keys = tuple(sorted(self._walk(prefix)))
        self._check_marker()  # after the walk, which takes what is gone for empty
        return keys

    def details(self, prefix: str) -> tuple[StoredObject, ...]:
        """Return what a listing says of each object; see `Storage.details`."""
        found = (self._stored(key) for key in self.list(prefix))
        return tuple(stored for stored in found if stored is not None)

    def folders(self) -> tuple[str, ...]:
        """Return the first segments of all keys; see `Storage.folders`."""
        names: set[str] = set()
        try:
            with os.scandir(self.root) as entries:
                names = {e.name for e in entries if e.is_dir() and not e.name.startswith(".")}
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StorageUnavailable(describe_os_error("read", self.root, error)) from error
        self._check_marker()
        return tuple(sorted(names))

    def delete(self, key: str) -> None:
        """Remove the object; see `Storage.delete`."""
        path = self._path(key)
        self._check_marker()
        try:
            path.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise StorageUnavailable(describe_os_error("delete", path, error)) from error

    def modified(self, key: str) -> float:
        """Return when the object was last written; see `Storage.modified`."""
        path = self._path(key)
        try:
            return path.stat().st_mtime
        except (FileNotFoundError, NotADirectoryError) as error:
            self._check_marker()
            raise NotFound(f"there is no {path}") from error
        except OSError as error:
            raise StorageUnavailable(describe_os_error("read", path, error)) from error

    def _check_marker(self) -> None:
        """Refuse a folder that is not the one that was used before.

        Raises:
            StorageUnavailable: its marker is gone, or another's.
        """
        if self._marker is not None and self._read_marker() != self._marker:
            raise StorageUnavailable(
                f"{self.root} is not the storage that was used before: its marker {_MARKER} is "
                "gone or another; mount or move the folder back, nothing is written until then"
            )

    def _read_marker(self) -> bytes | None:
        with suppress(OSError):
            return (self.root / _MARKER).read_bytes()
        return None

    def _remember_marker(self) -> None:
        """Learn this storage's marker, made by whoever uses it first; a read-only one has none."""
        if self._marker is not None:
            return
        self._marker = self._read_marker()
        if self._marker is None and os.access(self.root, os.W_OK):
            with suppress(OSError):
                (self.root / _PARTIAL).mkdir(exist_ok=True)
                temporary = self.root / _PARTIAL / f"{os.getpid()}-{uuid4().hex}"
                temporary.write_bytes(uuid4().hex.encode())
                try:
                    self._claim(temporary, self.root / _MARKER)
                finally:
                    temporary.unlink(missing_ok=True)
            self._marker = self._read_marker()

    def _walk(self, prefix: str) -> Iterator[str]:
        folder = self._path(prefix.rstrip("/"))
        for directory, folders, files in os.walk(folder, onerror=_walk_error):
            folders[:] = [name for name in folders if not name.startswith(".")]
            within = Path(directory).relative_to(self.root).as_posix()
            yield from (f"{within}/{name}" for name in files if not name.startswith("."))

    def _stored(self, key: str) -> StoredObject | None:
        path = self.root / key
        try:
            status = path.stat()
        except FileNotFoundError:
            return None  # deleted since it was listed
        except OSError as error:
            raise StorageUnavailable(describe_os_error("read", path, error)) from error
        tag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        return StoredObject(key, status.st_mtime, status.st_size, tag)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    @contextmanager
    def _temporary(self, path: Path, data: bytes) -> Iterator[Path]:
        """Yield a temporary file with the data, on the same disk as its place."""
        try:
            temporary = self._write_temporary(path, data)
        except OSError as error:
            raise StorageUnavailable(describe_os_error("write", path, error)) from error
        try:
            yield temporary
        finally:
            with suppress(OSError):  # a leftover is swept later
                temporary.unlink(missing_ok=True)

    def _write_temporary(self, path: Path, data: bytes) -> Path:
        self._check_marker()
        folder = self.root / _PARTIAL
        self._make_folders(folder)
        self._remember_marker()
        self._make_folders(path.parent)
        self._sweep(folder)
        temporary = folder / f"{os.getpid()}-{uuid4().hex}"
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                if self._durable:
                    os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        return temporary

    def _make_folders(self, folder: Path) -> None:
        if folder.is_dir():
            return
        if folder == self.root:
            self._check_marker()  # one that was moved away just now is not made anew
        self._make_folders(folder.parent)
        folder.mkdir(exist_ok=True)
        if self._durable:
            _flush_folder(folder.parent)

    def _claim(self, temporary: Path, path: Path) -> bool:
        if self._hard_links:
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in _NO_HARD_LINKS:
                    raise
            else:
                return True
        return self._claim_locked(temporary, path)

    def _claim_locked(self, temporary: Path, path: Path) -> bool:
        # The system lets go of this lock when its process dies, so it cannot be left behind.
        with (self.root / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
                return False
            temporary.replace(path)
            return True

    def _settle(self, path: Path) -> None:
        if not self._durable:
            return
        try:
            _flush_folder(path.parent)
        except OSError as error:
            raise Undetermined(describe_os_error("flush", path.parent, error)) from error

    def _sweep(self, folder: Path) -> None:
        """Remove, once per process, what killed processes left behind."""
        if self._swept:
            return
        self._swept = True
        for leftover in folder.iterdir():
            with suppress(OSError):  # another process sweeps too
                if leftover.stat().st_mtime < time.time() - _STALE_SECONDS:
                    leftover.unlink()


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk_error(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise StorageUnavailable(
            describe_os_error("read", Path(str(error.filename)), error)
        ) from error


def describe_os_error(verb: str, path: Path, error: OSError) -> str:
    """Return the sentence for what the system refused, with what to do about it."""
    advice = _ADVICE.get(error.errno or 0, f"{error.strerror or error}; look after the disk")
    return f"cannot {verb} {path}: {advice}"
