"""`skulens demo`: the first impression, and a smoke test of everything."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from api.cli.context import FINDING, JsonOption, command, finish, open_services
from api.cli.output import Output

if TYPE_CHECKING:
    from api.demo.run import DemoResult
    from api.demo.score import ScoredAppearance

demo_app = typer.Typer()

STYLES: Final = {
    "found": Text("✓ found", "green"),
    "stayed unknown": Text("✓ unknown", "green"),
    "missed": Text("✗ missed", "red"),
    "named": Text("✗ named", "red"),
}


@command(
    demo_app,
    "skulens demo",
    "skulens demo --out somewhere",
    "skulens demo --json",
    rich_help_panel=FINDING,
)
def demo(
    context: typer.Context,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where everything goes.")
    ] = Path("demo-out"),
    render: Annotated[
        bool, typer.Option("--render", help="Draw pictures and clip anew; takes minutes more.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Match the clip of a small shop, and compare with the truth."""
    from api.demo.render import FilmSize
    from api.demo.run import demo_settings, run_demo
    from api.demo.score import appearance_json

    output = Output(json=json)
    built = open_services(context, lambda settings: demo_settings(settings, out))
    with output.stages() as on_stage:
        result = run_demo(out, built, on_stage, FilmSize() if render else None)
    for appearance in result.score.appearances:
        output.line(appearance_json(appearance))
    output.show(score_table(result))
    output.show(_where(result))
    if not result.passed:
        output.refuse("the demo did not find what it should; see the table and the report")
    finish(output)


def score_table(result: "DemoResult") -> Table:
    """One row per appearance of the truth."""
    from api.video.report_page import clock

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("From", "To", "Really there", "Said", "Named at", "Prob."):
        table.add_column(title, no_wrap=title != "Really there")
    for number in (0, 1, 4, 5):
        table.columns[number].justify = "right"
    for appearance in result.score.appearances:
        table.add_row(
            clock(appearance.from_s),
            clock(appearance.to_s),
            _thing(appearance, result),
            STYLES[appearance.outcome],
            "" if appearance.named_s is None else clock(appearance.named_s),
            "" if appearance.probability is None else f"{100 * appearance.probability:.1f} %",
        )
    return table


def _thing(appearance: "ScoredAppearance", result: "DemoResult") -> Text:
    name = Text(result.names.get(appearance.product_id, appearance.product_id))
    return name if appearance.known else name.append(" (not in the catalog)", "dim")


def _where(result: "DemoResult") -> Group:
    """Wrong names if there are any, the time it took, and the files."""
    times, files = result.times, result.files
    lines = [
        Text(
            f"wrong name: {result.names.get(wrong.answer.product_id, wrong.answer.product_id)} "
            f"at {wrong.answer.media_time_s:.1f} s",
            "red",
        )
        for wrong in result.score.wrong_names
    ]
    spent = f"pictures and clip {times.prepare:.0f} s, catalog {times.catalog:.0f} s, "
    lines.append(Text(f"\n{spent}matched and drawn in {times.match:.0f} s", "dim"))
    for what, path in (
        ("watch", files.annotated),
        ("read", files.report),
        ("events", files.events),
        ("catalog", files.pictures),
    ):
        lines.append(Text.assemble((f"{what:<8}", "dim"), str(path)))
    return Group(*lines)
