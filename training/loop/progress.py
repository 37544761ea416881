"""Progress of a run: one JSON line per report, and its curves as a picture."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

# Pixels.
_PLOT: Final = (360, 640)
_MARGIN: Final = 46
_INKS: Final = (
    (214, 72, 47), (38, 110, 190), (60, 150, 80), (150, 90, 170), (110, 110, 110),
    (200, 150, 20), (30, 160, 170), (230, 120, 180), (90, 60, 40),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a run at one report.

    Attributes:
        step: optimiser steps so far.
        minutes: of training so far, over all resumed parts.
        loss: mean since the last report.
        figures: validation figures by name, in [0, 1].
    """

    step: int
    minutes: float
    loss: float
    figures: Mapping[str, float]


OnReport = Callable[[Progress], None]


def append_progress(log: Path, progress: Progress) -> None:
    """Append the report to the log as one JSON line."""
    with log.open("a") as lines:
        lines.write(json.dumps(asdict(progress)) + "\n")


def read_progress(log: Path) -> list[Progress]:
    """Read all reports of a log; none if the file does not exist."""
    if not log.exists():
        return []
    return [Progress(**json.loads(line)) for line in log.read_text().splitlines()]


def draw_curves(reports: Sequence[Progress], picture: Path) -> None:
    """Draw loss (as a share of its largest) and every validation figure over minutes, as PNG."""
    canvas = np.full((*_PLOT, 3), 255, np.uint8)
    _axes(canvas, reports[-1].minutes if reports else 1.0)
    if reports:
        highest = max(report.loss for report in reports) or 1.0
        curves = {"loss, scaled": [report.loss / highest for report in reports]}
        for name in reports[-1].figures:
            curves[name] = [report.figures.get(name, 0.0) for report in reports]
        minutes = [report.minutes for report in reports]
        for number, (name, values) in enumerate(curves.items()):
            _curve(canvas, minutes, values, name, number)
    cv2.imwrite(str(picture), cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR))


def _axes(canvas: NDArray[np.uint8], minutes: float) -> None:
    height, width = canvas.shape[:2]
    bottom, right = height - _MARGIN, width - 12
    cv2.rectangle(canvas, (_MARGIN, 12), (right, bottom), (90, 90, 90), 1)
    for share in (0.0, 0.5, 1.0):
        row = int(bottom - share * (bottom - 12))
        cv2.putText(canvas, f"{share:.1f}", (8, row + 5), 0, 0.45, (60, 60, 60), 1, cv2.LINE_AA)
    text = f"{minutes:.0f} minutes"
    cv2.putText(canvas, text, (right - 95, bottom - 8), 0, 0.45, (60, 60, 60), 1, cv2.LINE_AA)


def _curve(
    canvas: NDArray[np.uint8],
    minutes: Sequence[float],
    values: Sequence[float],
    name: str,
    number: int,
) -> None:
    height, width = canvas.shape[:2]
    ink = _INKS[number % len(_INKS)]
    across = width - 12 - _MARGIN
    up = height - _MARGIN - 12
    points = [
        (_MARGIN + int(across * minute / max(minutes[-1], 1e-6)), int(12 + up * (1 - value)))
        for minute, value in zip(minutes, values, strict=True)
    ]
    cv2.polylines(canvas, [np.array(points, np.int32)], False, ink, 2, cv2.LINE_AA)
    at = (_MARGIN + 130 * (number % 4), height - 24 + 16 * (number // 4))
    cv2.putText(canvas, name, at, 0, 0.42, ink, 1, cv2.LINE_AA)
