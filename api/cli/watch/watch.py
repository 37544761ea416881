"""`skulens watch`: products before a camera, live."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live

from api.cli.context import FINDING, CatalogName, JsonOption, command, open_services
from api.cli.output import Output
from api.cli.target import service_client
from api.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.cli.watch.view import WatchView
    from api.live.source import Transport
    from api.live.watch import WatchedSource
    from catalog.snapshot import Catalog
    from matcher.live import MessageBatch, SessionStatus

watch_app = typer.Typer()


@command(
    watch_app,
    "skulens watch shop rtsp://user:password@192.168.1.20/stream",
    "skulens watch shop device:0",
    "skulens watch shop http://192.168.1.21/video.mjpg --json | jq .product_id",
    "skulens watch shop clip.mp4 --record recording/",
    "skulens watch shop recording/ --json",
    rich_help_panel=FINDING,
)
def watch(
    context: typer.Context,
    catalog: CatalogName,
    address: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="rtsp://…, http://… (MJPEG, HLS), device:0, a video file, or a recording.",
        ),
    ],
    transport: Annotated[
        str, typer.Option(help="How RTSP pictures come: auto, tcp or udp.")
    ] = "auto",
    seconds: Annotated[
        float | None, typer.Option(min=0.1, help="Stop after that long; else with Ctrl-C.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the frames taken, for a replay.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Find the catalog's products before a camera, in real time.

    A camera that is lost is connected to again; a video file is played at its
    own pace. The folder of a recording is played again offline, as fast as it
    goes, by the catalog as it was then: the events are the same.
    """
    from api.live.source import open_live_source
    from api.live.watch import watch_source

    output = Output(json=json)
    client = service_client(context)
    if client is not None:
        from api.cli.watch.remote import watch_on_server

        if record is not None:
            raise Refused("--record keeps frames, and the server has them; watch from there")
        begun = client.begin_session(catalog, address, transport=_transport(transport))
        watch_on_server(client, begun, seconds, output)
        return
    built = open_services(context)
    if "://" not in address and Path(address).is_dir():
        from api.cli.watch.replay import replay_recording

        if record is not None or seconds is not None:
            raise Refused(f"{address} is a recording already; leave out --record and --seconds")
        replay_recording(Path(address), catalog, built, output)
        return
    source = open_live_source(address, _transport(transport))
    store = built.catalogs.open(catalog)
    with output.working("loading the networks"):
        finder = built.finder
    with watch_source(finder, store, source, record) as watched:
        _show(watched, output, seconds)
    if watched.status.state.value == "failed":
        raise Refused(watched.status.reason)


def _show(watched: "WatchedSource", output: Output, seconds: float | None) -> None:
    """Show everything until the session ends, time is over or somebody interrupts."""
    from api.cli.watch.view import WatchView, counters_text

    view = WatchView()
    with suppress(KeyboardInterrupt), _screen(output) as redraw:
        for batch in watched.batches(seconds):
            if batch is not None:
                _say(batch, view, watched.catalog(), output)
            redraw(view, watched.status, watched.catalog())
    for batch in watched.stop():
        _say(batch, view, watched.catalog(), output)
    output.show(counters_text(watched.status))


def _say(batch: "MessageBatch", view: "WatchView", catalog: "Catalog", output: Output) -> None:
    """Print what has no place on a screen that is drawn anew: events in a pipe or as JSON."""
    from api.cli.watch.view import event_line
    from api.video.job import event_line as json_line

    view.take(batch)
    if batch.missed:
        output.note(f"{batch.missed} events were lost because this terminal is too slow")
    for event in batch.events:
        output.raw_line(json_line(event))
        if not output.json and not output.console.is_terminal:
            output.show(event_line(event, catalog.products))
    if not output.console.is_terminal:
        for status in batch.changed:
            if status.state.value == "failed":
                continue  # that is the command's last word
            output.note(f"{status.state.value}: {status.reason}")


@contextmanager
def _screen(output: Output) -> "Iterator[Callable[[WatchView, SessionStatus, Catalog], None]]":
    """Yield a function that draws the view; without a terminal it does nothing."""
    if output.json or not output.console.is_terminal:
        yield lambda _view, _status, _catalog: None
        return
    with Live(console=output.console, auto_refresh=False, transient=True) as live:

        def draw(view: "WatchView", status: "SessionStatus", catalog: "Catalog") -> None:
            live.update(view.draw(status, catalog), refresh=True)

        yield draw


def _transport(text: str) -> "Transport":
    from api.live.source import parse_transport

    try:
        return parse_transport(text)
    except Refused as error:
        raise typer.BadParameter(str(error)) from error
