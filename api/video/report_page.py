"""One self-contained page about a matched video."""

import base64
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from api.drawing.comparison import Evidence, draw_evidence, draw_thumbnail
from api.drawing.label import per_cent
from matcher.results import Verdict

TEMPLATE: Final = "report.html.j2"
THUMBNAIL_SIDE: Final = 72
UNKNOWN_SIDE: Final = 320
MOST_TICKS: Final = 10
TICK_STEPS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
NARROWEST_BAR: Final = 0.5  # per cent of the timeline
MOST_LEVELS: Final = 6  # bars above each other in a line, before they cover one another
# Characters that neither HTML nor XML may hold, in whatever way they are escaped.
FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, eq=False)
class AppearanceCard:
    """An appearance of a product.

    Attributes:
        appearance_id: as in the events.
        product_id: which product, or which it is like.
        product_name: for people.
        verdict: identical or similar.
        probability: in [0, 1], of the product.
        entered_s: seconds from the video's start.
        left_s: likewise.
        track_ids: the tracks it joins.
        inliers: keypoint pairs that agree; None when it was never verified.
        coverage: in [0, 1]; None likewise.
        agreement: in [-1, 1]; None likewise.
        evidence: its best view against its reference; None likewise.
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
    evidence: Evidence | None


@dataclass(frozen=True, slots=True, eq=False)
class UnknownCard:
    """A product that is not in the catalog, as far as skulens can tell.

    Attributes:
        appearance_id: as in the events.
        entered_s: seconds from the video's start.
        left_s: likewise.
        crop: its best view, a picture file's bytes; None when none was kept.
        nearest_name: the likeliest product's name; None when nothing was a candidate.
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
    """What one stage cost.

    Attributes:
        stage: its name for people, such as `detect`.
        calls: how often it ran.
        total_ms: milliseconds of all calls.
        median_ms: of one call.
        p95_ms: 95 % of the calls took less.
    """

    stage: str
    calls: int
    total_ms: float
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Everything on the page.

    Attributes:
        source_name: the video's file name.
        catalog: its name.
        product_count: products in the catalog.
        index_version: of the catalog that answered.
        skulens_version: of this program.
        created_at: date and time for people.
        duration_s: seconds of video.
        frame_count: frames that were looked at.
        width: pixels of a frame.
        height: likewise.
        elapsed_s: seconds that the matching took; None when it is not known, as after a restart.
        notes: sentences on what was wrong with the file or the run.
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
    """A stretch of the timeline; `left` and `width` in per cent of it, `level` from the top."""

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
        """How many bars lie above each other."""
        return max(bar.level for bar in self.bars) + 1


def write_report(report: Report, path: Path) -> None:
    """Write the page; the file appears whole or not at all.

    Raises:
        OSError: it cannot be written.
        catalog.errors.PictureError: a reference is no picture.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_pieces(report))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def render_report(report: Report) -> str:
    """The page as HTML that is also well-formed XML and names no address.

    Raises:
        catalog.errors.PictureError: a reference is no picture.
    """
    return "".join(_pieces(report))


def _pieces(report: Report) -> Iterator[str]:
    """The page bit by bit, so that only one appearance's pictures are in memory at a time."""
    environment = Environment(
        loader=PackageLoader("api"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters.update(
        clock=clock, percent=per_cent, evidence_uri=_evidence_uri, unknown_uri=_unknown_uri
    )
    appearances = sorted(report.appearances, key=lambda card: (card.entered_s, card.product_name))
    unknowns = sorted(report.unknowns, key=lambda card: card.entered_s)
    return environment.get_template(TEMPLATE).generate(
        report=report,
        appearances=appearances,
        unknowns=unknowns,
        rows=_rows(appearances, unknowns, report.duration_s),
        ticks=_ticks(report.duration_s),
        identical=[card for card in appearances if card.verdict is Verdict.IDENTICAL],
        slowest_ms=max((timing.total_ms for timing in report.timings), default=0.0),
    )


def clock(seconds: float) -> str:
    """Seconds as `1:02:03.4`, `2:03.4` or `0:03.4`."""
    tenths = max(round(seconds * 10), 0)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def _rows(
    appearances: Sequence[AppearanceCard], unknowns: Sequence[UnknownCard], duration: float
) -> list[Row]:
    """A line per product in order of first appearance, the unknown ones last on one line."""
    by_product: dict[str, list[AppearanceCard]] = {}
    for card in appearances:
        by_product.setdefault(card.product_id, []).append(card)
    rows = [
        Row(cards[0].product_name, _thumbnail(cards), _bars(cards, duration))
        for cards in by_product.values()
    ]
    if unknowns:
        rows.append(Row("Unknown products", "", _bars(unknowns, duration)))
    return rows


def _bars(
    cards: Sequence[AppearanceCard] | Sequence[UnknownCard], duration: float
) -> tuple[Bar, ...]:
    """A bar per card, in order of entering; those that overlap go to different levels."""
    bars: list[Bar] = []
    ends = [-math.inf] * MOST_LEVELS
    for card in cards:
        left, width = _stretch(card.entered_s, card.left_s, duration)
        level = next((n for n, end in enumerate(ends) if end <= left), ends.index(min(ends)))
        ends[level] = left + width
        verdict, chance = Verdict.UNKNOWN, ""
        if isinstance(card, AppearanceCard):
            verdict, chance = card.verdict, f" · {per_cent(card.probability)}"
        hint = f"{clock(card.entered_s)} to {clock(card.left_s)} · {verdict}{chance}"
        bars.append(Bar(left, width, level, verdict, f"appearance-{card.appearance_id}", hint))
    return tuple(bars)


def _stretch(start: float, end: float, duration: float) -> tuple[float, float]:
    total = max(duration, end, 1e-9)
    left = min(100 * max(start, 0.0) / total, 100 - NARROWEST_BAR)
    width = max(100 * max(end - start, 0.0) / total, NARROWEST_BAR)
    return round(left, 3), round(min(width, 100 - left), 3)


def _ticks(duration: float) -> list[tuple[float, str]]:
    """Where the timeline shows which time, in per cent."""
    if duration <= 0:
        return [(0.0, "0:00")]
    step = next((s for s in TICK_STEPS if duration / s <= MOST_TICKS), duration / MOST_TICKS)
    times = [number * step for number in range(math.floor(duration / step) + 1)]
    return [(round(100 * t / duration, 3), clock(t) if step < 1 else clock(t)[:-2]) for t in times]


def _thumbnail(cards: Sequence[AppearanceCard]) -> str:
    """The surest view of a product as a data URI; empty when there is none."""
    seen = [card for card in cards if card.evidence is not None]
    if not seen:
        return ""
    evidence = max(seen, key=lambda card: card.probability).evidence
    return "" if evidence is None else _data_uri(draw_thumbnail(evidence.crop, THUMBNAIL_SIDE))


def _evidence_uri(evidence: Evidence) -> str:
    return _data_uri(draw_evidence(evidence))


def _unknown_uri(crop: bytes) -> str:
    return _data_uri(draw_thumbnail(crop, UNKNOWN_SIDE))


def _data_uri(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode('ascii')}"


def _printable(value: object) -> object:
    """Texts without the characters that no escaping makes harmless."""
    return FORBIDDEN.sub("\ufffd", value) if type(value) is str else value
