"""Writes the report of a matched video as one self-contained HTML page."""

import base64
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.drawing.comparison import (
    ReferenceComparison,
    Square,
    draw_comparison,
    draw_thumbnail,
)
from api.drawing.label import format_percent
from matcher.results import Verdict

TEMPLATE: Final = "report.html.j2"
THUMBNAIL_SIDE: Final = 72  # pixels, twice the size shown, for sharp screens
UNKNOWN_SIDE: Final = 320  # pixels of an unknown product's picture
MAX_TICKS: Final = 10  # times under the timeline
# Seconds between two ticks: the first step that needs no more than MAX_TICKS.
TICK_STEPS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MIN_BAR_WIDTH: Final = 0.5  # per cent of the timeline
MAX_LEVELS: Final = 6  # bars above each other in a row, before they cover one another
# Characters that neither HTML nor XML may contain, escaped or not.
FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, eq=False)
class AppearanceCard:
    """An appearance of a product.

    Attributes:
        appearance_id: as in the events.
        product_id: the product, or the one that it is similar to.
        product_name: for people.
        verdict: identical or similar.
        probability: in [0, 1], of the product.
        entered_s: seconds from the video's start.
        left_s: seconds from the video's start.
        track_ids: of the tracks that it joins.
        inliers: keypoint pairs that agree; None, as the next three, if it was never verified.
        coverage: in [0, 1].
        agreement: in [-1, 1].
        comparison: its best view beside its reference.
    """

    appearance_id: str
    product_id: str
    product_name: str
    verdict: Verdict
    probability: float
    entered_s: float
    left_s: float
    track_ids: tuple[int, ...]
    inliers: int | None
    coverage: float | None
    agreement: float | None
    comparison: ReferenceComparison | None


@dataclass(frozen=True, slots=True, eq=False)
class UnknownCard:
    """An appearance of a product that is probably not in the catalog.

    Attributes:
        appearance_id: as in the events.
        entered_s: seconds from the video's start.
        left_s: seconds from the video's start.
        crop: its best view, a picture file's bytes; None if none was kept.
        nearest_name: the most probable product's name; None without candidates.
        probability: in [0, 1], of that product.
    """

    appearance_id: str
    entered_s: float
    left_s: float
    crop: bytes | None
    nearest_name: str | None
    probability: float


@dataclass(frozen=True, slots=True)
class StageTiming:
    """Durations of one stage.

    Attributes:
        stage: its name for people, such as `detect`.
        calls: number of calls.
        total_ms: milliseconds of all calls.
        median_ms: milliseconds of one call.
        p95_ms: 95th percentile, milliseconds.
    """

    stage: str
    calls: int
    total_ms: float
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class VideoReport:
    """The contents of the page.

    Attributes:
        source_name: the video's file name.
        catalog: its name.
        product_count: products in the catalog.
        index_version: of the catalog.
        skulens_version: of this program.
        created_at: date and time for people.
        duration_s: length of the video, seconds.
        frame_count: frames of the video.
        width: pixels of a frame.
        height: pixels of a frame.
        elapsed_s: seconds that the matching took; None if unknown, as after a restart.
        notes: sentences about faults of the file or the run.
        appearances: in any order.
        unknowns: in any order.
        timings: in the order of the stages.
    """

    source_name: str
    catalog: str
    product_count: int
    index_version: int
    skulens_version: str
    created_at: str
    duration_s: float
    frame_count: int
    width: int
    height: int
    elapsed_s: float | None
    notes: tuple[str, ...]
    appearances: tuple[AppearanceCard, ...]
    unknowns: tuple[UnknownCard, ...]
    timings: tuple[StageTiming, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the timeline; `left` and `width` in per cent of it, `level` from the top."""

    left: float
    width: float
    level: int
    verdict: Verdict
    target: str
    hint: str


@dataclass(frozen=True, slots=True)
class Row:
    """One product's line in the timeline; the thumbnail is a data URI or empty."""

    name: str
    thumbnail: str
    bars: tuple[Bar, ...]

    @property
    def levels(self) -> int:
        """The number of bars above each other."""
        return max(bar.level for bar in self.bars) + 1


def write_report(report: VideoReport, path: Path, square: Square | None = None) -> None:
    """Write the page; the file appears whole or not at all.

    It is HTML and well-formed XML, and refers to no other file or address.

    Args:
        report: its contents.
        path: of the file.
        square: for the small pictures of the timeline; if None, browsers show their middle.

    Raises:
        OSError: it cannot be written.
        catalog.errors.PictureError: a reference is no picture.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_render(report, square))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _render(report: VideoReport, square: Square | None) -> Iterator[str]:
    """Yield the page in pieces, so that only one appearance's pictures are in memory at a time."""
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters.update(
        clock=clock,
        percent=format_percent,
        comparison_uri=_comparison_uri,
        unknown_uri=_unknown_uri,
    )
    appearances = sorted(report.appearances, key=lambda card: (card.entered_s, card.product_name))
    unknowns = sorted(report.unknowns, key=lambda card: card.entered_s)
    return environment.get_template(TEMPLATE).generate(
        report=report,
        appearances=appearances,
        unknowns=unknowns,
        rows=_rows(appearances, unknowns, report.duration_s, square),
        ticks=_ticks(report.duration_s),
        identical=[card for card in appearances if card.verdict is Verdict.IDENTICAL],
        slowest_ms=max((timing.total_ms for timing in report.timings), default=0.0),
    )


def clock(seconds: float) -> str:
    """Return seconds as `1:02:03.4`, `2:03.4` or `0:03.4`."""
    tenths = max(round(seconds * 10), 0)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def _rows(
    appearances: Sequence[AppearanceCard],
    unknowns: Sequence[UnknownCard],
    duration: float,
    square: Square | None,
) -> list[Row]:
    """Return a row per product in order of first appearance; all unknown ones share the last."""
    by_product: dict[str, list[AppearanceCard]] = {}
    for card in appearances:
        by_product.setdefault(card.product_id, []).append(card)
    rows = [
        Row(cards[0].product_name, _thumbnail(cards, square), _bars(cards, duration))
        for cards in by_product.values()
    ]
    if unknowns:
        rows.append(Row("Unknown products", "", _bars(unknowns, duration)))
    return rows


def _bars(
    cards: Sequence[AppearanceCard] | Sequence[UnknownCard], duration: float
) -> tuple[Bar, ...]:
    """Return a bar per card, in order of entering; overlapping ones are on different levels."""
    bars: list[Bar] = []
    ends = [-math.inf] * MAX_LEVELS
    for card in cards:
        left, width = _extent(card.entered_s, card.left_s, duration)
        level = next((n for n, end in enumerate(ends) if end <= left), ends.index(min(ends)))
        ends[level] = left + width
        verdict, percent = Verdict.UNKNOWN, ""
        if isinstance(card, AppearanceCard):
            verdict, percent = card.verdict, f" · {format_percent(card.probability)}"
        hint = f"{clock(card.entered_s)} to {clock(card.left_s)} · {verdict}{percent}"
        bars.append(Bar(left, width, level, verdict, f"appearance-{card.appearance_id}", hint))
    return tuple(bars)


def _extent(start: float, end: float, duration: float) -> tuple[float, float]:
    """Return left and width of a bar, per cent of the timeline."""
    total = max(duration, end, 1e-9)
    left = min(100 * max(start, 0.0) / total, 100 - MIN_BAR_WIDTH)
    width = max(100 * max(end - start, 0.0) / total, MIN_BAR_WIDTH)
    return round(left, 3), round(min(width, 100 - left), 3)


def _ticks(duration: float) -> list[tuple[float, str]]:
    """Return positions of the timeline, per cent, and their times as text."""
    if duration <= 0:
        return [(0.0, "0:00")]
    step = next((s for s in TICK_STEPS if duration / s <= MAX_TICKS), duration / MAX_TICKS)
    times = [number * step for number in range(math.floor(duration / step) + 1)]
    return [(round(100 * t / duration, 3), clock(t) if step < 1 else clock(t)[:-2]) for t in times]


def _thumbnail(cards: Sequence[AppearanceCard], square: Square | None) -> str:
    """Return the most probable view of a product as a data URI; empty if there is none."""
    views = [(card.probability, card.comparison) for card in cards if card.comparison is not None]
    if not views:
        return ""
    _, comparison = max(views, key=lambda view: view[0])
    return _data_uri(draw_thumbnail(comparison.crop, THUMBNAIL_SIDE, square))


def _comparison_uri(comparison: ReferenceComparison) -> str:
    return _data_uri(draw_comparison(comparison))


def _unknown_uri(crop: bytes) -> str:
    return _data_uri(draw_thumbnail(crop, UNKNOWN_SIDE))


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def _printable(value: object) -> object:
    """Return texts without the characters that cannot be escaped."""
    return FORBIDDEN.sub("\ufffd", value) if type(value) is str else value
