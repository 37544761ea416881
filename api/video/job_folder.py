"""The folder of an unfinished video job: its state, its lock, and the list of its outputs."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from api.errors import Refused

CLAIMS: Final = "outputs.json"
LOCK: Final = "lock"


@contextmanager
def job_folder(jobs: Path, key: str, outputs: Sequence[Path], *, force: bool) -> Iterator[Path]:
    """Hold the folder of one job, for this process alone; removed unless the block raises.

    A job that is killed leaves the folder with the list of outputs that it began: the same job may
    overwrite those; any other existing file is refused.

    Args:
        jobs: folder of all jobs; made when it is missing.
        key: names the job; the same job must come with the same key.
        outputs: files that the job is about to write.
        force: overwrite what exists.

    Raises:
        Refused: another process works at this job, or an output exists and is not the job's own.
        OSError: the folder cannot be written.
    """
    folder = jobs / hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        _acquire(lock)
        _claim(folder / CLAIMS, [path.absolute() for path in outputs], force=force)
        yield folder
        shutil.rmtree(folder)


def _acquire(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise Refused(
            "another skulens is at work on this video with this catalog; wait for it or stop it"
        ) from error


def _claim(file: Path, outputs: Sequence[Path], *, force: bool) -> None:
    claimed = _read_claims(file)
    for path in outputs:
        _check_place(path)
        if path.exists() and str(path) not in claimed and not force:
            raise Refused(f"{path} exists already; name another file or add --force")
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(sorted({*claimed, *map(str, outputs)})), encoding="ascii")
    draft.replace(file)


def _read_claims(file: Path) -> set[str]:
    try:
        return set(json.loads(file.read_text(encoding="ascii")))
    except (FileNotFoundError, ValueError):
        return set()


def _check_place(path: Path) -> None:
    """Refuse an output that cannot be written, before hours of work instead of after them."""
    if path.is_dir():
        raise Refused(f"{path} is a folder; name a file")
    if path.exists() and not path.is_file():
        # Outputs replace what is there: a device file would be lost.

        raise Refused(f"{path} is not a plain file; name another")
    if not path.parent.is_dir():
        raise Refused(f"{path} cannot be written, because there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise Refused(f"{path} cannot be written; choose another place or change its rights")
