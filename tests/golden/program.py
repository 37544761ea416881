"""The program as its users meet it, in this process: a command line in a folder."""

import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from api.cli.main import main
from api.services import build_services
from tests.api.shop import build_fakes

if TYPE_CHECKING:
    from api.settings import Settings

ROOT: Final = Path(__file__).parents[2]
FIXTURES: Final = Path(__file__).parent / "fixtures"
RECORDED: Final = Path(__file__).parent / "recorded"
INTERRUPTED: Final = 130

# A video's events carry its file's date, which git does not keep.
MODIFIED_S: Final = 1_700_000_000


@dataclass(frozen=True)
class CommandAnswer:
    """The answer of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class GoldenProgram:
    """`skulens` in a folder, with the stand-ins of the tests or with the shipped networks."""

    def __init__(self, folder: Path, *, real: bool = False) -> None:
        self.folder = folder
        self._build: Any = build_services if real else build_fakes

    def run(self, *arguments: object, interrupted: bool = False) -> CommandAnswer:
        """Run a command.

        Args:
            arguments: without the program's name.
            interrupted: stop a video with Ctrl-C at the first picture after a checkpoint.
        """
        build = self._interrupted if interrupted else self._build
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, environment(self.folder), clear=True),
            chdir(self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            code = main([str(argument) for argument in arguments], build=build)
        return CommandAnswer(code, out.getvalue(), err.getvalue())

    def did(self, *arguments: object) -> CommandAnswer:
        """Run a command, which must succeed."""
        answer = self.run(*arguments)
        assert answer.code == 0, answer.err
        return answer

    @contextmanager
    def _interrupted(self, settings: "Settings") -> Iterator[Any]:
        with self._build(settings) as services:
            finder = _InterruptedFinder(services.finder, settings.cache_dir)
            yield _Wrapper(services, finder=finder)


class _Wrapper:
    """Everything as it was, but for the attributes given."""

    def __init__(self, original: object, **attributes: object) -> None:
        self._original = original
        self._attributes = attributes

    def __getattr__(self, name: str) -> Any:
        if name in self._attributes:
            return self._attributes[name]
        return getattr(self._original, name)


class _InterruptedFinder(_Wrapper):
    """A finder before which somebody presses Ctrl-C as soon as there is a checkpoint."""

    def __init__(self, finder: Any, cache: Path) -> None:
        super().__init__(finder)
        self._finder = finder
        self._cache = cache

    def detect(self, image: Any) -> Any:
        if list(self._cache.rglob("checkpoint.json")):
            raise KeyboardInterrupt
        return self._finder.detect(image)


def environment(folder: Path) -> dict[str, str]:
    """The environment without settings but for the cache, which lies in the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SKULENS_")}
    return {**kept, "SKULENS_CACHE_DIR": str(folder / "cache"), "SKULENS_THREADS": "1"}


def unpacked(name: str, folder: Path) -> Path:
    """A fixture to work in, its files as old as they were and as private."""
    with tarfile.open(FIXTURES / f"{name}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def recorded(name: str) -> Any:
    """A recorded JSON document."""
    return json.loads((RECORDED / name).read_text(encoding="utf-8"))
