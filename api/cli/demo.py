"""`skulens demo`: the first impression."""

from pathlib import Path
from typing import Annotated

import typer

from api.cli.invocation import FINDING, JsonOption, examples, services
from api.cli.output import Output

demo_app = typer.Typer()


@demo_app.command(
    rich_help_panel=FINDING,
    epilog=examples("skulens demo", "skulens demo --out somewhere"),
)
def demo(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where everything goes.")
    ] = Path("demo-out"),
    json: JsonOption = False,
) -> None:
    """Render a small catalog and a clip, match it, and hold the answers against the truth."""
    output = Output(json=json)
    services(context)
    output.note(str(out))
