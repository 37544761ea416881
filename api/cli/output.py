"""Output of a command: answers on stdout, progress and refusals on stderr."""

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
    """The two streams of one command.

    Attributes:
        json: JSON Lines on stdout and nothing else there.
        refusals: number of calls of `refuse`.
        console: of the answers, for a display that redraws itself.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.refusals = 0
        self.console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPE_WIDTH)
        self._err = Console(file=sys.stderr, highlight=False)
        self._live = False

    def show(self, answer: RenderableType) -> None:
        """Print an answer for people; nothing with `--json`."""
        if self.json:
            return
        if self._live and self.console.is_terminal:
            # Both streams are one screen: only the console that draws the bar can print above it.
            self._err.print(answer)
        else:
            self.console.print(answer)

    def line(self, record: Mapping[str, Any]) -> None:
        """Print one line of JSON; nothing without `--json`."""
        self.raw_line(json_line(record))

    def raw_line(self, line: str) -> None:
        """Print one line that is JSON already; nothing without `--json`."""
        if self.json:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    def refuse(self, sentence: str) -> None:
        """Print on stderr, as one sentence, what was not done and why."""
        self.refusals += 1
        self._err.print(
            Text.assemble(("skulens: ", "bold red"), printable(sentence)), soft_wrap=True
        )

    def note(self, sentence: str) -> None:
        """Print a remark on stderr."""
        self._err.print(Text(printable(sentence), style="dim"), soft_wrap=True)

    @contextmanager
    def progress(self, what: str, unit: str = "") -> Iterator[OnProgress]:
        """Show a bar on stderr while the block runs; call the result with (done, total or None)."""
        with self.stages(unit) as advance:

            def advance_only(done: int, total: int | None) -> None:
                advance(what, done, total)

            advance(what, 0, None)
            yield advance_only

    @contextmanager
    def stages(self, unit: str = "") -> Iterator[OnStage]:
        """Show a bar for work in parts; call the result with (part, done, total or None)."""
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
        """Show a spinner on stderr while the block runs, for work of unknown length."""
        if not self._draws:
            yield
            return
        with self._alive(), self._err.status(what):
            yield

    @property
    def _draws(self) -> bool:
        # With --json on the same screen a bar would be drawn into the lines.
        return self._err.is_terminal and not (self.json and self.console.is_terminal)

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
    """Replace control characters, and undecodable bytes of file names, by question marks."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in whole
    )
