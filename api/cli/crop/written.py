"""Pictures that the commands of crops write: each whole or not at all, none over another."""

import os
from collections.abc import Sequence
from pathlib import Path

from api.errors import Refused


class WrittenPictures:
    """Files of one run of a command, so that two of its pictures never share one."""

    def __init__(self, given: Sequence[Path], *, force: bool) -> None:
        """Take the pictures of the run, and whether what was there before may be written over.

        Args:
            given: pictures that are read; these are never written over.
            force: other files may be.
        """
        self.force = force
        self._given = {path.absolute() for path in given}
        self._sources: dict[Path, Path] = {}

    def claim(self, target: Path, source: Path) -> Path:
        """Set a file aside for what is made from `source`, and return it.

        Raises:
            Refused: another picture of this run has it or is it, or there is one and no force.
        """
        if target.absolute() in self._given:
            raise Refused(f"{target} is one of the pictures that are read; name another file.")
        other = self._sources.get(target)
        if other is not None:
            raise Refused(
                f"{source} is passed over: {target} was made from {other}, which has the same "
                "name; rename one of them, or use another --out."
            )
        if target.is_dir():
            raise Refused(f"{target} is a folder; name a file.")
        if target.exists() and not self.force:
            raise _there_already(target)
        self._sources[target] = source
        return target


def check_writable(folder: Path) -> None:
    """Find out before the work whether files can be made in a folder.

    Raises:
        Refused: there is none, or the system lets nothing be written there.
    """
    if not folder.is_dir():
        raise Refused(f"there is no folder {folder} to write to.")
    if not os.access(folder, os.W_OK):
        raise Refused(f"the folder {folder} cannot be written to; choose another.")


def write_whole(target: Path, data: bytes, *, force: bool) -> None:
    """Write a file under another name first, so that half of it is never seen.

    Args:
        target: of the file.
        data: its content.
        force: write over what is there, also what another process wrote meanwhile.

    Raises:
        Refused: there is one and no force, or the system does not let it be written.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        if force or not _linked(part, target):
            part.replace(target)
    except FileExistsError as error:
        raise _there_already(target) from error
    except OSError as error:
        raise Refused(f"cannot write {target}: {error.strerror or error}.") from error
    finally:
        _remove(part)


def _linked(part: Path, target: Path) -> bool:
    """Give a file its name if nothing has it yet; return False where a disk has no links."""
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        return False
    return True


def _there_already(target: Path) -> Refused:
    return Refused(f"{target} is there already; add --force to write over it.")


def _remove(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return  # what could not be made cannot be removed, either
