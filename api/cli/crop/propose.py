"""`skulens crop propose`: what is meant in a picture."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import JsonOption, command, open_services
from api.cli.files import read_picture_file
from api.cli.output import Output
from api.schemas.proposals import describe, proposals_json

if TYPE_CHECKING:
    from matcher.crops.propose.proposal import Proposal

propose_app = typer.Typer()


@command(
    propose_app,
    "skulens crop propose photo.jpg",
    "skulens crop propose photo.jpg --point 120,80",
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
    from catalog.ingest.image_file import read_image
    from matcher.crops.propose.tap import TapError, check_tap, parse_tap

    output = Output(json=json)
    try:
        tapped = None if point is None else parse_tap(point)
    except TapError as error:
        raise typer.BadParameter(str(error), param_hint="--point") from error
    picture = read_image(read_picture_file(image), str(image))
    height, width = picture.shape[:2]
    if tapped is not None:
        check_tap(tapped, width, height)
    with output.working("looking"):
        proposer = open_services(context).crops.proposer
        began = perf_counter()
        found = proposer.propose(picture, tapped, limit)
        elapsed_ms = 1000 * (perf_counter() - began)
    output.line(proposals_json(str(image), (width, height), found, elapsed_ms))
    output.show(Text(describe(found)))
    output.show(_table(found))


def _table(proposals: "Sequence[Proposal]") -> Table:
    table = Table("", "Kind", "Box", "Sure", "Corners", box=None, pad_edge=False)
    for number, proposal in enumerate(proposals, 1):
        box = proposal.box
        corners = () if proposal.corners is None else proposal.corners.tolist()
        table.add_row(
            str(number),
            Text(proposal.kind.value),
            Text(f"{box.left:.0f},{box.top:.0f} to {box.right:.0f},{box.bottom:.0f}"),
            Text(f"{proposal.confidence:.0%}"),
            Text(" ".join(f"{x:.0f},{y:.0f}" for x, y in corners)),
        )
    return table
