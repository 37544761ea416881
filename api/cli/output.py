"""What a command says: answers on stdout, progress and refusals on stderr."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from api.schemas.results import json_line

# An answer is wider than the 80 columns that rich assumes of a pipe.
PIPE_WIDTH = 120

OnProgress = Callable[[int, int | None], None]
OnStage = Callable[[str, int, int | None], None]


class Output:
    """One command's two streams.

    Attributes:
        json: JSON Lines on stdout and nothing else there.
        refusals: how many sentences `refuse` has said.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.refusals = 0
        self._out = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH)
        self._err = Console(file=sys.stderr, highlight=False)
        self._live = False

    @property
    def width(self) -> int:
        """Columns that an answer has."""
        return self._out.width

    @property
    def is_terminal(self) -> bool:
        """Whether somebody looks at the answers as they come."""
        return self._out.is_terminal

    @property
    def console(self) -> Console:
        """Where answers are drawn, for what redraws itself."""
        return self._out

    def show(self, answer: RenderableType) -> None:
        """Print an answer for people; nothing with `--json`."""
        if self.json:
            return
        if self._live and self._out.is_terminal:
            # Both streams are one screen: only the console that draws the bar can print above it.
            self._err.print(answer)
        else:
            self._out.print(answer)

    def line(self, record: Mapping[str, Any]) -> None:
        """Print one line of JSON; nothing without `--json`."""
        self.raw_line(json_line(record))

    def raw_line(self, line: str) -> None:
        """Likewise for what is JSON already."""
        if self.json:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def refuse(self, sentence: str) -> None:
        """Say on stderr what was not done, and why."""
        self.refusals += 1
        self._err.print(
            Text.assemble(("skulens: ", "bold red"), printable(sentence)), soft_wrap=True
        )

    def note(self, sentence: str) -> None:
        """Say something beside the answer, on stderr."""
        self._err.print(Text(printable(sentence), style="dim"), soft_wrap=True)

    @contextmanager
    def progress(self, what: str, unit: str = "") -> Iterator[OnProgress]:
        """A bar on stderr while the block runs; call the result with (done, total or None)."""
        with self.stages(unit) as advance:

            def advance_only(done: int, total: int | None) -> None:
                advance(what, done, total)

            advance(what, 0, None)
            yield advance_only

    @contextmanager
    def stages(self, unit: str = "") -> Iterator[OnStage]:
        """Likewise for work in several parts; call the result with (part, done, total or None)."""
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            TextColumn("left", style="dim"),
            TimeRemainingColumn(),
            console=self._err,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not self._draws,
        )
        task = bar.add_task("starting", total=None, count="")
        part = ""

        def advance(what: str, done: int, total: int | None) -> None:
            nonlocal part
            if what != part:
                part = what
                bar.reset(task, description=escape(what))
            bar.update(task, completed=done, total=total, count=_count(done, total, unit))

        with self._alive(), bar:
            yield advance

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """A spinner on stderr while the block runs, for work whose length nobody knows."""
        if not self._draws:
            yield
            return
        with self._alive(), self._err.status(what):
            yield

    @property
    def _draws(self) -> bool:
        # With --json on the same screen a bar would be drawn into the lines.
        return self._err.is_terminal and not (self.json and self._out.is_terminal)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        self._live = self._draws
        try:
            yield
        finally:
            self._live = False


def _count(done: int, total: int | None, unit: str) -> str:
    if total is not None:
        return f"{done}/{total} {unit}"
    return f"{done} {unit}" if done else ""


def printable(text: str) -> str:
    """A text without control characters and with undecodable bytes of a file's name replaced."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in whole
    )
