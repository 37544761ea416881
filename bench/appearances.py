"""Hand-made labels of a video: which product is where, from when to when."""

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.errors import BenchError
from matcher.imaging.box import Box

LABELS: Final = Path(__file__).parent / "labels"


@dataclass(frozen=True, slots=True)
class KeyBox:
    """Where one copy is at one moment; between two key boxes it moves in a straight line."""

    time_s: float
    box: Box


@dataclass(frozen=True, slots=True)
class LabelledAppearance:
    """One product in view without a break, alone or as a group of copies side by side.

    Attributes:
        appearance_id: unique in the video.
        product_id: what it is.
        required: its print can be read by a person for half a second; only these have to be found.
        tracks: one per copy, each ordered by time.
    """

    appearance_id: str
    product_id: str
    required: bool
    tracks: tuple[tuple[KeyBox, ...], ...]

    def boxes_at(self, time_s: float) -> Iterator[Box]:
        """Where its copies are at that moment; none before it enters and after it left."""
        for track in self.tracks:
            box = _box_at(track, time_s)
            if box is not None:
                yield box

    @property
    def from_s(self) -> float:
        """Seconds; when its first copy enters."""
        return min(track[0].time_s for track in self.tracks)

    @property
    def to_s(self) -> float:
        """Seconds; when its last copy leaves."""
        return max(track[-1].time_s for track in self.tracks)


@dataclass(frozen=True, slots=True)
class CatalogCrop:
    """A reference picture to be cut from the video itself."""

    product_id: str
    frame_index: int
    box: Box


def read_appearances(path: Path) -> tuple[LabelledAppearance, ...]:
    """Labelled appearances, in the file's order.

    Raises:
        BenchError: the file is missing or malformed.
    """
    rows = _read(path, "appearances")
    try:
        return tuple(
            LabelledAppearance(
                row["id"],
                row["product"],
                row["required"],
                tuple(tuple(_key_box(key) for key in track) for track in row["tracks"]),
            )
            for row in rows
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BenchError(f"the labels in {path.name} are malformed: {error!r}") from error


def read_crops(path: Path) -> tuple[CatalogCrop, ...]:
    """Which pieces of which frames make the catalog.

    Raises:
        BenchError: the file is missing or malformed.
    """
    rows = _read(path, "crops")
    try:
        return tuple(CatalogCrop(row["product"], row["frame"], Box(*row["box"])) for row in rows)
    except (KeyError, TypeError) as error:
        raise BenchError(f"the crops in {path.name} are malformed: {error!r}") from error


def _read(path: Path, part: str) -> list[Any]:
    try:
        rows: list[Any] = json.loads(path.read_text())[part]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchError(f"cannot read {part} from {path.name}: {error!r}") from error
    return rows


def _key_box(row: list[float]) -> KeyBox:
    time_s, left, top, right, bottom = row
    return KeyBox(time_s, Box(left, top, right, bottom))


def _box_at(track: tuple[KeyBox, ...], time_s: float) -> Box | None:
    if not track[0].time_s <= time_s <= track[-1].time_s:
        return None
    after = bisect_right(track, time_s, key=lambda key: key.time_s)
    if after == len(track):
        return track[-1].box
    before, later = track[after - 1], track[after]
    share = (time_s - before.time_s) / (later.time_s - before.time_s)
    start, end = before.box, later.box
    return Box(
        start.left + share * (end.left - start.left),
        start.top + share * (end.top - start.top),
        start.right + share * (end.right - start.right),
        start.bottom + share * (end.bottom - start.bottom),
    )
