"""`skulens explain`: why a product is, or is not, the answer for a photo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import FINDING, CatalogName, JsonOption, command
from api.cli.files import read_picture_file
from api.cli.formatting import verdict_text
from api.cli.output import Output
from api.cli.target import open_matcher
from api.schemas.results import explanation_json

if TYPE_CHECKING:
    from matcher.decision.explain import Explanation

explain_app = typer.Typer()


@command(explain_app, "skulens explain shop photo.jpg oat-milk", rich_help_panel=FINDING)
def explain(
    context: typer.Context,
    catalog: CatalogName,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="A photo.")],
    product_id: Annotated[
        str, typer.Argument(metavar="PRODUCT_ID", help="The product you expected, or did not.")
    ],
    json: JsonOption = False,
) -> None:
    """Show which gate a product passed in a photo, and which one lost it."""
    from catalog.ingest.image_file import ImageFile

    output = Output(json=json)
    look = open_matcher(context, catalog)
    picture = ImageFile(str(image), read_picture_file(image))
    with output.working("looking"):
        explanation = look.explain(picture, product_id)
    output.line(explanation_json(str(image), explanation))
    output.show(gates_table(explanation))
    output.show(conclusion(explanation))


def gates_table(explanation: "Explanation") -> Table:
    """One row per gate."""
    table = Table("", "Gate", "", box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for gate in explanation.gates:
        mark = Text("✓", "green") if gate.passed else Text("✗", "red")
        table.add_row(mark, Text(gate.name, "bold"), Text(gate.sentence))
    return table


def conclusion(explanation: "Explanation") -> Text:
    """The last line: what was answered, or where the product was lost."""
    lost = explanation.lost_at
    if lost is not None:
        return Text(f"{explanation.product_id} was lost at: {lost}")
    match = explanation.match
    verdict = verdict_text(match.verdict) if match is not None else Text("unknown")
    return Text.assemble(f"{explanation.product_id} came through: ", verdict)
