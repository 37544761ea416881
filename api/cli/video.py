"""`skulens video`: products in a video file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.invocation import FINDING, CatalogName, JsonOption, examples, services
from api.cli.output import Output
from api.cli.words import verdict_text
from api.errors import Refused

if TYPE_CHECKING:
    from api.video import VideoOrder
    from api.video_outcome import VideoOutcome
    from catalog.snapshot import Catalog

video_app = typer.Typer()

Events = Annotated[Path | None, typer.Option(metavar="FILE", help="Write events as JSON Lines.")]
Annotated_ = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write an MP4 with everything drawn.")
]
ReportFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a self-contained HTML page.")
]


@video_app.command(
    rich_help_panel=FINDING,
    epilog=examples(
        "skulens video shop clip.mp4",
        "skulens video shop clip.mp4 --annotated out.mp4 --report report.html",
        "skulens video shop clip.mp4 --events events.jsonl",
        "skulens video shop clip.mp4 --json | jq .product_id",
    ),
)
def video(
    context: typer.Context,
    catalog: CatalogName,
    clip: Annotated[Path, typer.Argument(metavar="INPUT", help="A video file.")],
    events: Events = None,
    annotated: Annotated_ = None,
    report: ReportFile = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what exists.")] = False,
    json: JsonOption = False,
) -> None:
    """Find the catalog's products in a video file.

    When it is stopped or killed, the same command goes on where it stopped and
    may overwrite what it had begun; any other file that exists is refused
    without --force.
    """
    from api.video import VideoOrder, match_video

    output = Output(json=json)
    built = services(context)
    snapshot = built.catalogs.open(catalog).snapshot()
    order = VideoOrder(clip, events, annotated, report, force)
    if not clip.is_file():
        raise Refused(f"there is no video {clip}")
    with output.working("loading the networks"):
        finder = built.finder
    with output.stages("frames") as on_stage:
        outcome = match_video(
            order,
            finder,
            snapshot,
            built.settings.cache_dir / "videos",
            on_stage=on_stage,
            on_line=output.raw_line,
        )
    output.show(appearances_table(outcome, snapshot))
    output.show(summary(outcome, order))
    if outcome.note is not None:
        output.note(outcome.note)


def appearances_table(outcome: "VideoOutcome", catalog: "Catalog") -> Table | Text:
    """One row per appearance of a product, in the order of entering."""
    from api.naming import product_name
    from api.report import clock

    named = [one for one in outcome.appearances if one.answer.product_id is not None]
    if not named:
        return Text("no product of this catalog was seen")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("From", "To", "Verdict", "Product", "Probability", "Pairs"):
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    for number in (0, 1, 4, 5):
        table.columns[number].justify = "right"
    for one in sorted(named, key=lambda each: each.first.media_time_s):
        best = one.best.match.verification if one.best is not None else None
        table.add_row(
            clock(one.first.media_time_s),
            clock(one.last.media_time_s),
            verdict_text(one.answer.verdict),
            Text(product_name(one.answer.product_id, catalog)),
            f"{100 * one.answer.probability:.1f} %",
            "" if best is None else str(best.inliers),
        )
    return table


def summary(outcome: "VideoOutcome", order: "VideoOrder") -> Text:
    """How long it took, and where the files are."""
    speed = outcome.duration_s / outcome.elapsed_s if outcome.elapsed_s > 0 else 0.0
    unknown = sum(one.answer.product_id is None for one in outcome.appearances)
    text = Text(f"\n{outcome.frames} frames, {outcome.duration_s:.1f} s of video ", "dim")
    if outcome.resumed_at:
        text.append(f"(from frame {outcome.resumed_at} on in this run)", "dim")
    else:
        text.append(f"in {outcome.elapsed_s:.1f} s, {speed:.1f} times real time", "dim")
    text.append(f"; {unknown} unknown things seen" if unknown else "", "dim")
    for what, path in (("events", order.events), ("video", order.annotated)):
        if path is not None:
            text.append(f"\n{what:<7} {path}")
    if order.report is not None:
        text.append(f"\nreport  {order.report}")
    return text
