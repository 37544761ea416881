"""Files by names that another system wrote: composed or decomposed letters, other case."""

import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from catalog.errors import NotFound

_FORMS: Final = ("NFC", "NFD")


def spellings(text: str) -> tuple[str, ...]:
    """Return a text as it is, and with its accented letters composed and decomposed, each once.

    macOS writes `é` as `e` and an accent (NFD), Windows and Linux as one letter (NFC).
    """
    forms = (unicodedata.normalize(form, text) for form in _FORMS)
    return tuple(dict.fromkeys((text, *forms)))


class FileFinder:
    """Finds files below a folder, which does not change meanwhile; safe to share by threads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._listed: dict[Path, tuple[str, ...]] = {}

    def find(self, path: PurePosixPath) -> Path:
        """Return where a file is, by its name, else by one that differs in letters' form or case.

        Raises:
            NotFound: there is none, or several.
            OSError: a folder cannot be read.
        """
        exact = self.root / path
        if exact.is_file():
            return exact
        place = self.root
        for part in path.parts:
            place /= self._name(place, part, exact)
        if not place.is_file():
            raise NotFound(f"there is no file {exact}")
        return place

    def _name(self, folder: Path, part: str, exact: Path) -> str:
        names = self._names(folder)
        if part in names:
            return part
        for fold in (_composed, _folded):
            alike = _alike(part, names, fold)
            if len(alike) == 1:
                return alike[0]
            if alike:
                both = " and ".join(repr(name) for name in alike[:2])
                raise NotFound(f"{exact} may be {both}; name one as it is written")
        raise NotFound(f"there is no file {exact}")

    def _names(self, folder: Path) -> tuple[str, ...]:
        if folder not in self._listed:
            try:
                self._listed[folder] = tuple(entry.name for entry in folder.iterdir())
            except (FileNotFoundError, NotADirectoryError):
                self._listed[folder] = ()
        return self._listed[folder]


def _alike(part: str, names: Iterable[str], fold: Callable[[str], str]) -> list[str]:
    wanted = fold(part)
    return [name for name in names if fold(name) == wanted]


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _folded(text: str) -> str:
    return _composed(_composed(text).casefold())
