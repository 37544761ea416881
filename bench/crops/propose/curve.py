"""A learning curve as a table and a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.table import Figures, Table

_SIZE: Final = (420, 640)  # pixels, height and width of the picture
_MARGIN: Final = 56  # pixels around the axes
_INKS: Final = ((178, 84, 36), (36, 108, 178))
_GREY: Final = (90, 90, 90)


@dataclass(frozen=True, slots=True)
class CurveRun:
    """One run.

    Attributes:
        share: of the labelled pictures, in [0, 1].
        pictures: how many these were.
        seed: of their choice.
        iou50: share of held-out pictures whose first proposal covers a label by half.
        median_iou: of the first proposals.
    """

    share: float
    pictures: int
    seed: int
    iou50: float
    median_iou: float


@dataclass(frozen=True, slots=True, eq=False)
class CurveResult(Figures):
    """All runs."""

    runs: tuple[CurveRun, ...]

    def table(self) -> Table:
        """For people: the mean of the seeds, and the lowest and highest."""
        rows = []
        for share, runs in self._by_share().items():
            iou50 = [run.iou50 for run in runs]
            median = [run.median_iou for run in runs]
            rows.append((f"{share:.0%}", str(runs[0].pictures), _spread(iou50), _spread(median)))
        columns = ("of the labelled pictures", "pictures", "IoU ≥ 0.5", "median IoU")
        notes = ("mean of the seeds (lowest to highest); held-out art_boxes",)
        return Table("would more data help?", columns, tuple(rows), notes)

    def draw(self, file: Path) -> None:
        """Draw both figures over the number of pictures, every run a dot.

        Raises:
            OSError: the file cannot be written.
        """
        canvas = np.full((*_SIZE, 3), 255, np.uint8)
        _draw_axes(canvas)
        groups = list(self._by_share().values())
        for number, name in enumerate(("iou50", "median_iou")):
            means = []
            for place, runs in enumerate(groups):
                values = [float(getattr(run, name)) for run in runs]
                for value in values:
                    cv2.circle(canvas, _at(place, value, len(groups)), 3, _INKS[number], -1)
                means.append(_at(place, float(np.mean(values)), len(groups)))
            cv2.polylines(canvas, [np.array(means)], False, _INKS[number], 2, cv2.LINE_AA)
            text = ("share with IoU >= 0.5", "median IoU")[number]
            _write(canvas, text, (_MARGIN + 12, 40 + 20 * number), _INKS[number])
        for place, runs in enumerate(groups):
            x, _ = _at(place, 0, len(groups))
            _write(canvas, f"{runs[0].share:.0%}", (x - 12, _SIZE[0] - 34), _GREY)
            _write(canvas, f"{runs[0].pictures}", (x - 8, _SIZE[0] - 16), _GREY)
        _, encoded = cv2.imencode(file.suffix, canvas[..., ::-1])
        file.write_bytes(encoded.tobytes())

    def _by_share(self) -> dict[float, list[CurveRun]]:
        groups: dict[float, list[CurveRun]] = {}
        for run in sorted(self.runs, key=lambda run: (run.share, run.seed)):
            groups.setdefault(run.share, []).append(run)
        return groups


def _draw_axes(canvas: NDArray[np.uint8]) -> None:
    height, width = canvas.shape[:2]
    corners = (_MARGIN, 20), (width - 20, height - _MARGIN)
    cv2.rectangle(canvas, *corners, _GREY, 1)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        row = int(height - _MARGIN - share * (height - _MARGIN - 20))
        cv2.line(canvas, (_MARGIN, row), (width - 20, row), (225, 225, 225), 1)
        _write(canvas, f"{share:.2f}", (10, row + 5), _GREY)


def _at(place: int, value: float, places: int) -> tuple[int, int]:
    height, width = _SIZE
    across = width - 20 - _MARGIN - 60
    x = _MARGIN + 30 + across * place / max(places - 1, 1)
    return int(x), int(height - _MARGIN - value * (height - _MARGIN - 20))


def _write(canvas: NDArray[np.uint8], text: str, at: tuple[int, int], ink: Sequence[int]) -> None:
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, tuple(ink), 1, cv2.LINE_AA)


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
