"""`skulens crop propose`: what is meant in a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import JsonOption, command
from api.cli.crop.pictures import read_query
from api.cli.output import Output
from api.cli.target import open_crops

if TYPE_CHECKING:
    from client.proposal_records import ProposalsJson

propose_app = typer.Typer()


@command(
    propose_app,
    "skulens crop propose photo.jpg",
    "skulens crop propose photo.jpg --point 120,80",
    "skulens crop propose photo.jpg --server https://host:8000",
)
def propose(
    context: typer.Context,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A photo.")],
    point: Annotated[
        str | None, typer.Option(metavar="X,Y", help="A tap on what is meant, in pixels.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=20, help="Most proposals.")] = 5,
    json: JsonOption = False,
) -> None:
    """Say what is meant in a picture: paintings and objects, the likeliest first.

    The whole picture is the answer where nothing stands out.
    """
    from matcher.crops.propose.tap import TapError, check_tap, parse_tap

    output = Output(json=json)
    try:
        tapped = None if point is None else parse_tap(point)
    except TapError as error:
        raise typer.BadParameter(str(error), param_hint="--point") from error
    picture = read_query(image)
    if tapped is not None:
        check_tap(tapped, picture.image.shape[1], picture.image.shape[0])
    answers = open_crops(context)
    with output.working("looking"):
        answer = answers.propose(picture, tapped, limit)
    output.line(answer)
    output.show(Text(answer["sentence"]))
    output.show(_table(answer))


def _table(answer: "ProposalsJson") -> Table:
    table = Table("", "Kind", "Box", "Sure", "Corners", box=None, pad_edge=False)
    for number, proposal in enumerate(answer["proposals"], 1):
        left, top, right, bottom = proposal["box"]
        table.add_row(
            str(number),
            Text(proposal["kind"]),
            Text(f"{left:.0f},{top:.0f} to {right:.0f},{bottom:.0f}"),
            Text(f"{proposal['confidence']:.0%}"),
            Text(" ".join(f"{x:.0f},{y:.0f}" for x, y in proposal["corners"] or ())),
        )
    return table
