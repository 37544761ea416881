"""`skulens video`: products in a video file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from api.cli.context import FINDING, CatalogName, JsonOption, command, open_services
from api.cli.formatting import verdict_text
from api.cli.output import Output
from api.cli.target import service_client
from api.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.services import Services
    from api.video.job import VideoRequest
    from catalog.records.product import Product
    from client.client import Client
    from client.records import VideoResultJson

    Answer = tuple[VideoResultJson, Mapping[str, Product]]

video_app = typer.Typer()

Events = Annotated[Path | None, typer.Option(metavar="FILE", help="Write events as JSON Lines.")]
Annotated_ = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write an MP4 with everything drawn.")
]
ReportFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a self-contained HTML page.")
]


@command(
    video_app,
    "skulens video shop clip.mp4",
    "skulens video shop clip.mp4 --annotated out.mp4 --report report.html",
    "skulens video shop clip.mp4 --events events.jsonl",
    "skulens video shop clip.mp4 --json | jq .product_id",
    rich_help_panel=FINDING,
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
    from api.video.job import VideoRequest

    output = Output(json=json)
    order = VideoRequest(clip, events, annotated, report, force)
    client = service_client(context)
    if client is None:
        result, products = _matched_here(open_services(context), catalog, order, output)
    else:
        result, products = _matched_there(client, catalog, order, output)
    output.show(appearances_table(result, products))
    output.show(summary(result, order))
    if result["note"] is not None:
        output.note(result["note"])


def _matched_here(
    built: "Services", catalog: str, order: "VideoRequest", output: Output
) -> "Answer":
    from api.video.job import match_video
    from api.video.outcome import video_result_json

    snapshot = built.catalogs.open(catalog).snapshot()
    _check_there_is(order.video)
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
            square=built.crops.framings.square,
        )
    is_annotated = order.annotated is not None
    return video_result_json(outcome, is_annotated=is_annotated), snapshot.products


def _matched_there(
    client: "Client", catalog: str, order: "VideoRequest", output: Output
) -> "Answer":
    from api.remote.catalogs import RemoteProducts
    from api.remote.video import match_on_server

    client.catalog(catalog)
    _check_there_is(order.video)
    with output.stages() as on_stage:
        result = match_on_server(
            client,
            catalog,
            order,
            on_stage=on_stage,
            on_line=output.raw_line,
            on_job=lambda job: output.note(f"job {job['job_id']} goes on on the server"),
        )
    return result, RemoteProducts(client, catalog)


def _check_there_is(clip: Path) -> None:
    if not clip.is_file():
        raise Refused(f"there is no video {clip}")


def appearances_table(result: "VideoResultJson", products: "Mapping[str, Product]") -> Table | Text:
    """One row per appearance of a product, in the order of entering."""
    from api.video.report_page import clock

    named = [
        appearance for appearance in result["appearances"] if appearance["product_id"] is not None
    ]
    if not named:
        return Text("no product of this catalog was seen")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("From", "To", "Verdict", "Product", "Probability", "Pairs"):
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    for number in (0, 1, 4, 5):
        table.columns[number].justify = "right"
    for appearance in sorted(named, key=lambda appearance: appearance["from_s"]):
        product = products.get(appearance["product_id"] or "")
        table.add_row(
            clock(appearance["from_s"]),
            clock(appearance["to_s"]),
            verdict_text(appearance["verdict"]),
            Text(product.name if product is not None else appearance["product_id"] or ""),
            f"{100 * appearance['probability']:.1f} %",
            str(appearance["inliers"] or ""),
        )
    return table


def summary(result: "VideoResultJson", order: "VideoRequest") -> Text:
    """How long it took, and where the files are."""
    duration, elapsed = result["duration_s"], result["elapsed_s"]
    speed = duration / elapsed if elapsed > 0 else 0.0
    unknown = sum(appearance["product_id"] is None for appearance in result["appearances"])
    text = Text(f"\n{result['frames']} frames, {duration:.1f} s of video ", "dim")
    if result["resumed_at"]:
        text.append(f"(from frame {result['resumed_at']} on in this run)", "dim")
    else:
        text.append(f"in {elapsed:.1f} s, {speed:.1f} times real time", "dim")
    text.append(f"; {unknown} unknown things seen" if unknown else "", "dim")
    for what, path in (("events", order.events), ("video", order.annotated)):
        if path is not None:
            text.append(f"\n{what:<7} {path}")
    if order.report is not None:
        text.append(f"\nreport  {order.report}")
    return text
