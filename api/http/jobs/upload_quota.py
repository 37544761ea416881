"""Bytes of films and archives, kept or on their way: per key, in all, and what the disk has."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from api.errors import QuotaExceeded
from api.http.jobs.record import FETCHED, UPLOAD
from api.settings import Settings
from catalog.errors import StorageUnavailable

GIGABYTE: Final = 10**9  # bytes
LOOK_AGAIN: Final = 64_000_000  # bytes written between two looks at the free space
_MEND: Final = "delete a job with its files, or raise the setting"


@dataclass(frozen=True, slots=True)
class UploadBounds:
    """Bounds of all uploads.

    Attributes:
        most_bytes: of all jobs together.
        most_bytes_per_key: of the jobs of one key.
        free_bytes: that stay free on the disk.
        free: tells how many bytes are free where a folder is.
    """

    most_bytes: int = 200 * GIGABYTE
    most_bytes_per_key: int = 100 * GIGABYTE
    free_bytes: int = GIGABYTE
    free: Callable[[Path], int] = field(default=lambda folder: shutil.disk_usage(folder).free)


def upload_bounds(settings: Settings) -> UploadBounds:
    """Return the bounds that settings name."""
    return UploadBounds(
        round(settings.uploads_gb * GIGABYTE),
        round(settings.uploads_per_key_gb * GIGABYTE),
        round(settings.free_gb * GIGABYTE),
    )


@dataclass(frozen=True, slots=True)
class _Share:
    owner: str
    written: int = 0
    whole: int = 0
    looked_at: int | None = None  # bytes that were written at the last look at the free space


class UploadQuota:
    """Knows what every job holds; thread-safe."""

    def __init__(self, folder: Path, bounds: UploadBounds | None = None) -> None:
        """Start with nothing held.

        Args:
            folder: of all jobs, on the disk that is looked at.
            bounds: of all uploads.
        """
        self._folder = folder
        self._bounds = bounds or UploadBounds()
        self._lock = Lock()
        self._shares: dict[str, _Share] = {}

    def open(self, job_id: str, owner: str) -> None:
        """Begin to count for a job; `owner` is its key's id."""
        with self._lock:
            self._shares[job_id] = _Share(owner)

    def owner(self, job_id: str) -> str:
        """Return whose job it is; empty if that is not known."""
        with self._lock:
            share = self._shares.get(job_id)
        return share.owner if share else ""

    def hold(self, job_id: str, written: int, whole: int) -> None:
        """Count an upload on its way, before more of it is written.

        Args:
            job_id: of a job that was opened; for one that was dropped nothing is counted.
            written: bytes so far.
            whole: bytes that it is to have, as far as that is known.

        Raises:
            QuotaExceeded: it would be too much for its key, or in all.
            StorageUnavailable: the disk would be too full.
        """
        with self._lock:
            share = self._shares.get(job_id)
            if share is None:
                return
            whole = max(written, whole)
            if whole > share.whole:
                self._check_quota(job_id, share.owner, whole)
            is_new = share.looked_at is None
            is_to_look = share.looked_at is None or written - share.looked_at >= LOOK_AGAIN
            looked_at = written if is_to_look else share.looked_at
            self._shares[job_id] = _Share(share.owner, written, whole, looked_at)
            shares = self._shares.values()
            to_come = sum(share.whole - share.written for share in shares)
        if is_to_look:
            # What others may still write is spoken for when somebody comes; those under way go on
            # as long as there is room for them.
            self._check_disk(whole - written, to_come if is_new else 0)

    def settle(self, job_id: str, folder: Path) -> None:
        """Count what lies in the folder of a job whose upload is whole, or was removed."""
        size = _kept_bytes(folder)
        with self._lock:
            if (share := self._shares.get(job_id)) is not None:
                self._shares[job_id] = _Share(share.owner, size, size)

    def drop(self, job_id: str) -> None:
        """Give back what a job held."""
        with self._lock:
            self._shares.pop(job_id, None)

    def _check_quota(self, job_id: str, owner: str, whole: int) -> None:
        others = [share for place, share in self._shares.items() if place != job_id]
        mine = sum(share.whole for share in others if share.owner == owner)
        held = sum(share.whole for share in others)
        if mine + whole > (most := self._bounds.most_bytes_per_key):
            raise QuotaExceeded(
                f"this upload needs {whole:,} bytes, and your key's jobs hold {mine:,} of the "
                f"{most:,} that one key may (SKULENS_UPLOADS_PER_KEY_GB); {_MEND}"
            )
        if held + whole > (most := self._bounds.most_bytes):
            raise QuotaExceeded(
                f"this upload needs {whole:,} bytes, and all jobs hold {held:,} of the "
                f"{most:,} that they may (SKULENS_UPLOADS_GB); {_MEND}"
            )

    def _check_disk(self, missing: int, to_come: int) -> None:
        free, stays = self._bounds.free(self._folder), self._bounds.free_bytes
        if free - to_come < stays:
            raise StorageUnavailable(
                f"the disk is nearly full: this upload needs {missing:,} bytes more, others on "
                f"their way {max(0, to_come - missing):,}, and {free:,} are free where "
                f"SKULENS_STATE lies, of which {stays:,} stay so (SKULENS_FREE_GB); free some "
                "space, or delete a job with its files"
            )


def _kept_bytes(folder: Path) -> int:
    """Bytes that came from outside into a job's folder."""
    try:
        files = [path for path in folder.iterdir() if path.name.startswith((UPLOAD, FETCHED))]
        return sum(path.stat().st_size for path in files)
    except OSError:  # it was removed just now
        return 0
