"""A picture of every appearance: what was seen when it got its name."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from api.errors import Refused

DAY_S: Final = 86_400.0
SWEEP_S: Final = 60.0  # between two sweeps, each of which lists the folder
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """How long evidence is kept.

    Attributes:
        days: a picture is removed after that; 0 keeps none at all.
        most: pictures; beyond that the oldest go first.
    """

    days: float = 7.0
    most: int = 20_000


class Evidence:
    """JPEG files in a folder, by appearance; thread-safe."""

    def __init__(
        self,
        folder: Path,
        settings: EvidenceSettings | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use a folder.

        Args:
            folder: made when it is missing; only `*.jpg` in it is touched.
            settings: how long to keep.
            clock: Unix seconds.

        Raises:
            OSError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._settings = settings or EvidenceSettings()
        self._clock = clock
        self._lock = Lock()
        self._swept_at = float("-inf")

    def keep(self, appearance_id: str, jpeg: bytes) -> None:
        """Keep a picture in the place of an earlier one; whole, or not at all.

        Raises:
            OSError: the disk refused.
        """
        if self._settings.days > 0:
            path = self._path(appearance_id)
            with self._lock:
                draft = path.with_suffix(".part")
                draft.write_bytes(jpeg)
                draft.replace(path)
        if self._clock() - self._swept_at > SWEEP_S:
            self.sweep()

    def get(self, appearance_id: str) -> bytes | None:
        """Return the JPEG of an appearance; None if there is none, or none any more.

        Raises:
            Refused: that cannot be an id.
        """
        try:
            return self._path(appearance_id).read_bytes()
        except FileNotFoundError:
            return None

    def sweep(self) -> int:
        """Remove what is too old or too much; return how many went."""
        self._swept_at = self._clock()
        oldest = self._swept_at - DAY_S * self._settings.days
        with self._lock:
            kept = sorted(
                ((path.stat().st_mtime, path) for path in self._folder.glob("*.jpg")), reverse=True
            )
            gone = [
                path
                for place, (at, path) in enumerate(kept)
                if at < oldest or place >= self._settings.most
            ]
            for path in gone:
                path.unlink(missing_ok=True)
        return len(gone)

    def _path(self, appearance_id: str) -> Path:
        if not _ID.fullmatch(appearance_id):
            raise Refused(f"{appearance_id!r} is no appearance's id")
        return self._folder / f"{appearance_id}.jpg"
