"""Shared by all measurements: their data, their options, and how results are printed."""

import json as json_format
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table as RichTable
from rich.text import Text

from api.cli.context import open_services
from api.cli.output import OnStage, Output

if TYPE_CHECKING:
    from api.services import Services
    from bench.recognition.dataset import Dataset
    from bench.recognition.protocols import ProtocolOptions
    from bench.table import Table

JsonFile = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures there.")
]
RecognitionData = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR", help="catalog/<product>/*, queries/<product>/* and queries/_unknown/*."
    ),
]
Seed = Annotated[int, typer.Option(help="Of all chance.")]
GAP: Final = 2  # letters between columns
WIDEST_LABEL: Final = 26  # letters; longer labels are wrapped
SHARED_HELP: Final = "The real pictures, laid out as their README says."


@contextmanager
def measurement(context: typer.Context) -> Iterator[tuple[Output, "Services", OnStage]]:
    """Yield the output, the services and the progress callback of a measurement."""
    output = Output()
    built = open_services(context)
    with output.stages() as on_stage:
        on_stage("loading the networks", 0, None)
        yield output, built, on_stage


def open_dataset(
    data: Path | None,
    protocol: str | None,
    shared: Path | None,
    stack: ExitStack,
    options: "ProtocolOptions | None" = None,
) -> "Dataset":
    """Open the data of a folder, or lay a protocol out for as long as the stack is open."""
    from bench.recognition.dataset import read_dataset

    if data is not None and protocol is None:
        return read_dataset(data)
    if data is None and protocol is not None and shared is not None:
        return stack.enter_context(lay_out_protocol(protocol, shared, options))
    raise typer.BadParameter("give either --data DIR, or --protocol NAME with --shared DIR")


@contextmanager
def lay_out_protocol(
    protocol: str, shared: Path, options: "ProtocolOptions | None" = None
) -> Iterator["Dataset"]:
    """Lay the real pictures of a protocol out as recognition data, while the block runs."""
    from bench.recognition.protocols import lay_out

    with TemporaryDirectory(prefix="skulens-") as folder:
        yield lay_out(protocol, shared, Path(folder), options)


def print_result(
    output: Output, table: "Table", figures: Mapping[str, Any], file: Path | None
) -> None:
    """Print a measurement's table and write its figures."""
    output.show(Text(table.title, "bold"))
    for part in figure_tables(table, output.console.width):
        output.show(part)
    for note in table.notes:
        output.show(Text(note, "dim"))
    if file is not None:
        file.write_text(json_format.dumps(figures, indent=2) + "\n", encoding="utf-8")
        output.note(f"wrote {file}")


def figure_tables(table: "Table", width: int) -> Iterator[RichTable]:
    """Yield the table as it is if it fits, else turned, a few of its rows at a time."""
    grid = [table.columns, *table.rows]
    if _width(_columns_of(grid)) <= width:
        yield _drawn(grid)
        return
    labels, *rows = grid
    beside: list[Sequence[str]] = [labels]
    for row in rows:
        if len(beside) > 1 and _width([*beside, row]) > width:
            yield _drawn(_columns_of(beside))
            beside = [labels]
        beside.append(row)
    yield _drawn(_columns_of(beside))


def _columns_of(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    return list(zip(*rows, strict=True))


def _width(columns: Sequence[Sequence[str]]) -> int:
    first, *others = [max(map(len, column)) for column in columns]
    return min(first, WIDEST_LABEL) + sum(GAP + width for width in others)


def _drawn(grid: Sequence[Sequence[str]]) -> RichTable:
    drawn = RichTable(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for number, title in enumerate(grid[0]):
        most = None if number else WIDEST_LABEL
        drawn.add_column(Text(title), justify="right" if number else "left", max_width=most)
    for row in grid[1:]:
        drawn.add_row(*map(Text, row))
    drawn.add_row()
    return drawn
