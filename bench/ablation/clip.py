"""The same clip with one part exchanged at a time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.ablation.ablation import Variant
from bench.live.video import VideoOptions, measure_video
from bench.progress import Progress, silent
from bench.table import Figures, Table


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """One variant on the clip.

    Attributes:
        part: which was exchanged; empty for none.
        name: what stood in its place.
        required: labelled appearances that must be found.
        found: how many of them were.
        reported: appearances that were called identical.
        wrong: how many of them show something else.
        processor_s: of the whole clip, on all cores together, its catalog included.
    """

    part: str
    name: str
    required: int
    found: int
    reported: int
    wrong: int
    processor_s: float


@dataclass(frozen=True, slots=True)
class ClipAblation(Figures):
    """All variants on one clip, the shipped method first."""

    figures: tuple[ClipFigures, ...]

    def table(self) -> Table:
        """One row per variant."""
        rows = tuple(
            (
                figures.part or "as shipped",
                figures.name,
                f"{figures.found} of {figures.required}",
                f"{figures.wrong} of {figures.reported}",
                f"{figures.processor_s:.0f}",
            )
            for figures in self.figures
        )
        return Table("Products in the video", _COLUMNS, rows)


_COLUMNS: Final = ("part exchanged", "for", "found", "wrong", "processor s")


def measure_clip(
    options: VideoOptions, variants: Sequence[Variant], on_progress: Progress = silent
) -> ClipAblation:
    """Match the same clip with every variant that is there.

    Raises:
        stream.errors.SourceError: the video cannot be read.
        BenchError: a crop's frame is not in the video.
    """
    figures = []
    for number, variant in enumerate(variants):
        if variant.prepare is None or variant.watch is None:
            continue
        own = replace(options, folder=options.folder / str(number))
        started = time.process_time()
        score = measure_video(own, variant.watch, on_progress)
        spent = time.process_time() - started
        found, wrong = len(score.found), len(score.wrong)
        figures.append(
            ClipFigures(
                variant.part, variant.name, score.required, found, score.reported, wrong, spent
            )
        )
    return ClipAblation(tuple(figures))
