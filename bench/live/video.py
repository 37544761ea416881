"""Products found in a video, against appearances labelled by hand.

The rules, for labels in the form of `bench/appearances.py`:

* An *answer* is an event with the verdict `identical`: a product, a moment, a box.
* It is *right* when the box's centre lies in a labelled copy of that product, within a tenth of the
  copy's size and 0.3 s (labels are exact at key frames and interpolated between them).
* A labelled appearance is *found* when a right answer lies in it. Copies side by side are one
  appearance. Only appearances whose print a person can read for half a second must be found.
* Being found in the very frame that the reference was cut from proves nothing: what was named must
  stay named at some moment more than 0.25 s away from each of the product's crop frames.
* An appearance reported by skulens is a *wrong name* when any event that names it is not right,
  even if it is revised later; `left` does not count, its box is only the last that was seen. The
  share is of all appearances reported as identical.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import cv2

from bench.appearances import CatalogCrop, LabelledAppearance
from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.table import Table
from matcher.imaging.box import Box
from matcher.results import Verdict
from matcher.tracking.events import Event, EventKind
from stream.video.file import FileSource

PLACE_TOLERANCE: Final = 0.1  # of a copy's width and height, on each side
TIME_TOLERANCE_S: Final = 0.3
CROP_DISTANCE_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class ScoredEvent:
    """An event, as far as it is scored.

    Attributes:
        appearance_id: of the event.
        product_id: the product if the verdict is `identical`, else None.
        is_last: whether it is `left`.
        time_s: since the first frame.
        box: in the frame of that moment.
    """

    appearance_id: str
    product_id: str | None
    is_last: bool
    time_s: float
    box: Box


@dataclass(frozen=True, slots=True)
class VideoWrongName:
    """An answer that is not right.

    Attributes:
        appearance_id: of the event.
        named: the product that was named.
        shown: products labelled at that place and time; none means nothing of the catalog.
        time_s: since the first frame.
        box: (left, top, right, bottom).
    """

    appearance_id: str
    named: str
    shown: tuple[str, ...]
    time_s: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class VideoScore:
    """How well a video's products were found.

    Attributes:
        required: labelled appearances that must be found.
        found: which of them were.
        missed: which were not.
        elsewhere: required appearances that no crop was cut from, and how many were found.
        event: appearances that were event as identical.
        wrong: the first wrong answer of each that has one.
    """

    required: int
    found: tuple[str, ...]
    missed: tuple[str, ...]
    elsewhere: tuple[int, int]
    reported: int
    wrong: tuple[VideoWrongName, ...]

    @property
    def found_share(self) -> float:
        """Of the required appearances."""
        return len(self.found) / self.required if self.required else 0.0

    @property
    def wrong_share(self) -> float:
        """Of the reported appearances."""
        return len(self.wrong) / self.reported if self.reported else 0.0

    def to_json(self) -> dict[str, Any]:
        """As plain values, with the two shares."""
        figures = asdict(self)
        figures["told"] = figures.pop("reported")  # the key that results have always had
        return {**figures, "found_share": self.found_share, "wrong_share": self.wrong_share}

    def table(self) -> Table:
        """The two shares and what stands behind them."""
        total, elsewhere = self.elsewhere
        rows = (
            ("appearances found", f"{len(self.found)} of {self.required} ({self.found_share:.2f})"),
            ("… of those without a reference cut from them", f"{elsewhere} of {total}"),
            ("wrong names", f"{len(self.wrong)} of {self.reported} ({self.wrong_share:.2f})"),
            ("missed", ", ".join(self.missed) or "none"),
            ("wrong", ", ".join(f"{w.named} at {w.time_s:.1f} s" for w in self.wrong) or "none"),
        )
        return Table("Products in the video", ("what", "figure"), rows)


@dataclass(frozen=True, slots=True)
class VideoOptions:
    """A video and its labels.

    Attributes:
        video: the file.
        crops: references to cut from it.
        appearances: its labels.
        folder: for the references, one folder per product; created when missing.
    """

    video: Path
    crops: tuple[CatalogCrop, ...]
    appearances: tuple[LabelledAppearance, ...]
    folder: Path


MatchVideo = Callable[[Path, Path], Iterable[Event]]
"""Given a video and a folder of product folders, the events of matching one with the other."""


def measure_video(
    options: VideoOptions, watch: MatchVideo, on_progress: Progress = silent
) -> VideoScore:
    """Cut the references, match the video with them and score the events.

    Raises:
        stream.errors.SourceError: the video cannot be read.
        BenchError: a crop's frame is not in the video.
    """
    on_progress("cut references", 0, 1)
    rate = cut_references(options.video, options.crops, options.folder)
    on_progress("cut references", 1, 1)
    events = [to_scored_event(event) for event in watch(options.video, options.folder)]
    return score_video(events, options.appearances, options.crops, rate)


def cut_references(video: Path, crops: Sequence[CatalogCrop], folder: Path) -> float:
    """Write each crop as `<product_id>/<frame>.png` and return the video's frames per second.

    Raises:
        stream.errors.SourceError: the video cannot be read.
        BenchError: a crop's frame is not in the video.
    """
    open_crops = list(crops)
    source = FileSource(video)
    for frame in source.frames():
        for crop in [crop for crop in open_crops if crop.frame_index == frame.index]:
            target = folder / crop.product_id / f"{frame.index:05d}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(target), cv2.cvtColor(crop.box.crop(frame.image), cv2.COLOR_RGB2BGR))
            open_crops.remove(crop)
        if not open_crops:
            break
    source.close()
    if open_crops:
        raise BenchError(f"{video.name} has no frame {open_crops[0].frame_index} to cut from")
    return source.frame_rate


def score_video(
    events: Sequence[ScoredEvent],
    appearances: Sequence[LabelledAppearance],
    crops: Sequence[CatalogCrop],
    frame_rate: float,
) -> VideoScore:
    """Apply the rules at the top of this file."""
    crop_times: dict[str, list[float]] = {}
    for crop in crops:
        crop_times.setdefault(crop.product_id, []).append(crop.frame_index / frame_rate)
    appearance_id = attrgetter("appearance_id")
    by_appearance = groupby(sorted(events, key=appearance_id), appearance_id)
    lives = {key: sorted(life, key=lambda event: event.time_s) for key, life in by_appearance}
    identical = {key: life for key, life in lives.items() if any(e.product_id for e in life)}
    found = {
        appearance.appearance_id
        for life in identical.values()
        for answer in _proving_answers(life, crop_times)
        for appearance in appearances
        if appearance.product_id == answer.product_id and is_at(appearance, answer)
    }
    wrong = [_first_wrong(life, appearances) for life in identical.values()]
    required = [appearance for appearance in appearances if appearance.required]
    elsewhere = [appearance for appearance in required if not _is_cut_from(appearance, crop_times)]
    return VideoScore(
        len(required),
        tuple(
            appearance.appearance_id for appearance in required if appearance.appearance_id in found
        ),
        tuple(
            appearance.appearance_id
            for appearance in required
            if appearance.appearance_id not in found
        ),
        (len(elsewhere), sum(appearance.appearance_id in found for appearance in elsewhere)),
        len(identical),
        tuple(sorted((name for name in wrong if name), key=lambda name: name.time_s)),
    )


def is_at(appearance: LabelledAppearance, event: ScoredEvent) -> bool:
    """Whether the box's centre lies in one of its copies, within the tolerances."""
    x, y = (event.box.left + event.box.right) / 2, (event.box.top + event.box.bottom) / 2
    moments = (event.time_s, event.time_s - TIME_TOLERANCE_S, event.time_s + TIME_TOLERANCE_S)
    return any(
        place.left <= x <= place.right and place.top <= y <= place.bottom
        for moment in moments
        for box in appearance.boxes_at(moment)
        for place in [box.padded(PLACE_TOLERANCE)]
    )


def to_scored_event(event: Event) -> ScoredEvent:
    """An event as the scorer sees it."""
    identical = event.verdict is Verdict.IDENTICAL
    return ScoredEvent(
        event.appearance_id,
        event.product_id if identical else None,
        event.event is EventKind.LEFT,
        event.media_time_s,
        event.box,
    )


def read_events(path: Path) -> list[ScoredEvent]:
    """Events as `skulens video --events` writes them.

    Raises:
        BenchError: the file cannot be read or a line is malformed.
    """
    try:
        return [_parse_event(json.loads(line)) for line in path.read_text().splitlines() if line]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchError(f"cannot read events from {path}: {error!r}") from error


def _parse_event(row: Mapping[str, Any]) -> ScoredEvent:
    return ScoredEvent(
        row["appearance_id"],
        row["product_id"] if row["verdict"] == "identical" else None,
        row["event"] == "left",
        float(row["media_time_s"]),
        Box(*row["box"]),
    )


def _proving_answers(
    life: Sequence[ScoredEvent], crop_times: Mapping[str, Sequence[float]]
) -> Iterator[ScoredEvent]:
    """Answers of one appearance that were not only given where their reference was cut."""
    runs = [list(run) for _, run in groupby(life, lambda event: event.product_id)]
    for index, run in enumerate(runs):
        product_id = run[0].product_id
        if product_id is None:
            continue
        until = runs[index + 1][0].time_s if index + 1 < len(runs) else run[-1].time_s
        if _is_seen_elsewhere(run[0].time_s, until, crop_times.get(product_id, ())):
            yield from run


def _is_seen_elsewhere(from_s: float, to_s: float, crop_times: Sequence[float]) -> bool:
    """Whether some moment of a span is away from every crop."""
    moments = [from_s, to_s]
    moments += [time + sign * 1.01 * CROP_DISTANCE_S for time in crop_times for sign in (-1, 1)]
    return any(
        from_s <= moment <= to_s and all(abs(moment - at) > CROP_DISTANCE_S for at in crop_times)
        for moment in moments
    )


def _first_wrong(
    life: Sequence[ScoredEvent], appearances: Sequence[LabelledAppearance]
) -> VideoWrongName | None:
    for answer in life:
        if answer.product_id is None or answer.is_last:
            continue
        shown = {appearance.product_id for appearance in appearances if is_at(appearance, answer)}
        if answer.product_id not in shown:
            box = answer.box
            place = (box.left, box.top, box.right, box.bottom)
            names = tuple(sorted(shown))
            return VideoWrongName(
                answer.appearance_id, answer.product_id, names, answer.time_s, place
            )
    return None


def _is_cut_from(appearance: LabelledAppearance, crop_times: Mapping[str, Sequence[float]]) -> bool:
    times = crop_times.get(appearance.product_id, ())
    return any(appearance.from_s <= time <= appearance.to_s for time in times)
