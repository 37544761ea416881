"""How a live session looks in a terminal: what is in view, what happened, and the counters."""

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from api.cli.formatting import product_text, verdict_text
from api.cli.output import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.records.product import Product
    from catalog.snapshot import Catalog
    from matcher.live import MessageBatch, SessionStatus
    from matcher.tracking.events import Event
    from matcher.tracking.output import OverlayItem

EVENTS_SHOWN: Final = 8  # lines
ROWS_SHOWN: Final = 12  # lines; with the events they fit a terminal of 24
STATE_STYLES: Final = {
    "live": "bold green",
    "connecting": "cyan",
    "stalled": "yellow",
    "reconnecting": "yellow",
    "failed": "bold red",
    "ended": "dim",
}
KIND_STYLES: Final = {"confirmed": "green", "revised": "yellow", "entered": "dim", "left": "dim"}


class WatchView:
    """The newest of everything; drawing it does not change it."""

    def __init__(self) -> None:
        self._notes: tuple[OverlayItem, ...] = ()
        self._time = 0.0
        self._entered: dict[str, float] = {}
        self._events: deque[Event] = deque(maxlen=EVENTS_SHOWN)

    def take(self, batch: "MessageBatch") -> None:
        """Learn what has come since."""
        self._events.extend(batch.events)
        for result in batch.newest:
            self._notes, self._time = result.overlay, result.frame.media_time
        here = {note.appearance_id for note in self._notes}
        for event in batch.events:
            self._entered.setdefault(event.appearance_id, event.media_time_s)
        self._entered = {key: at for key, at in self._entered.items() if key in here}

    def draw(self, status: "SessionStatus", catalog: "Catalog") -> RenderableType:
        """All of it, for one moment."""
        return Group(
            self._head(status),
            Text(),
            self._in_view(catalog),
            Text(),
            *(event_line(event, catalog.products) for event in self._events),
            Text(),
            counters_text(status),
        )

    def _head(self, status: "SessionStatus") -> Text:
        state = status.state.value
        return Text.assemble(
            (f"{state:<13}", STATE_STYLES[state]),
            (printable(status.source_id), "bold"),
            (f"  {printable(status.reason)}", "dim"),
            no_wrap=True,
            overflow="ellipsis",
        )

    def _in_view(self, catalog: "Catalog") -> RenderableType:
        if not self._notes:
            return Text("nothing in view", "dim")
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for title in ("In view", "Product", "Probability", "For", "At"):
            right = title in ("Probability", "For")
            table.add_column(title, no_wrap=True, justify="right" if right else "left")
        for note in sorted(self._notes, key=lambda each: each.box.left)[:ROWS_SHOWN]:
            since = self._entered.get(note.appearance_id, self._time)
            middle = ((note.box.left + note.box.right) / 2, (note.box.top + note.box.bottom) / 2)
            table.add_row(
                verdict_text(note.verdict),
                product_text(note.product_id, catalog.products),
                f"{100 * note.probability:.1f} %" if note.product_id else "",
                f"{max(self._time - since, 0):.0f} s",
                f"{middle[0]:.0f}, {middle[1]:.0f}",
            )
        if len(self._notes) > ROWS_SHOWN:
            table.add_row(Text(f"and {len(self._notes) - ROWS_SHOWN} more", "dim"))
        return table


def event_line(event: "Event", products: "Mapping[str, Product]") -> Text:
    """One event in one line."""
    kind = str(event.event)
    moment = datetime.fromisoformat(event.timestamp).astimezone().strftime("%H:%M:%S")
    named = product_text(event.product_id, products) if event.product_id else Text("unknown", "dim")
    line = Text.assemble((f"{moment}  ", "dim"), (f"{kind:<10}", KIND_STYLES[kind]), named)
    if event.product_id and kind != "left":
        line.append(f"  {100 * event.probability:.1f} %")
    line.append(f"  {event.frame_age_ms:.0f} ms old", "yellow" if event.late else "dim")
    if event.degraded:
        line.append("  degraded", "yellow")
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def counters_text(status: "SessionStatus") -> Text:
    """The counters in two lines."""
    one = status.counters
    text = Text(style="dim")
    text.append(
        f"{one.processed_fps:.1f} frames/s  {one.processed} matched, {one.dropped} dropped  "
        f"age {one.age_p50_ms:.0f} / {one.age_p95_ms:.0f} / {one.age_p99_ms:.0f} ms "
        "(p50 / p95 / p99)\n"
    )
    text.append(
        f"{one.events} events  {one.looks} looks, {one.surveys} surveys  "
        f"{one.degraded} degraded, {one.late} late  "
        f"{one.reconnects} reconnects, {one.corrupt} corrupt, {one.faults} faults"
    )
    return text
