"""How long large pairs take, and one crop against a thousand pictures whose keypoints are kept."""

import os
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import cv2
import numpy as np

from bench.crops.locate.baselines import Image
from bench.crops.locate.edits import compress, draw_quality, resize
from bench.crops.locate.pictures import PictureSource, read_picture
from bench.crops.locate.related import draw_window
from bench.progress import Progress, silent
from bench.table import Figures, Table
from matcher.crops.locate import (
    CROP_KEYPOINTS,
    CropLocator,
    KeypointCache,
    find_keypoints,
    rank_pictures,
)

# Width, height, tiles along each, and pairs that are asked about.
_TWELVE: Final = (4000, 3000, 4, 3, 10)
_FIFTY: Final = (8660, 5774, 6, 4, 4)
_CROPS: Final = 10  # each looked for among all pictures
_LOOKED_AT: Final = 12  # of the likeliest pictures, as the command does
_LONGEST_PX: Final = 800  # of a picture among many


@dataclass(frozen=True, slots=True)
class TimesOptions:
    """Size of the measurement: pictures of which one is looked for, and the seed of all chance."""

    pictures: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CropTime:
    """Seconds by the clock of one job."""

    name: str
    runs: int
    median_s: float
    p95_s: float
    right: int


@dataclass(frozen=True, slots=True)
class CropTimes(Figures):
    """All jobs, with the cores and the load of the machine before and after."""

    jobs: tuple[CropTime, ...]
    cores: int
    load: tuple[float, float]

    def table(self) -> Table:
        """Jobs as rows."""
        rows = tuple(
            (job.name, f"{job.median_s:.2f}", f"{job.p95_s:.2f}", f"{job.right} of {job.runs}")
            for job in self.jobs
        )
        before, after = self.load
        note = f"{self.cores} cores; load of a minute {before:.1f} before, {after:.1f} after."
        return Table("Crops: seconds", ("", "median", "p95", "right"), rows, (note,))


def measure_times(
    source: PictureSource, options: TimesOptions, on_stage: Progress = silent
) -> CropTimes:
    """Time pairs of 12 and 50 megapixels, and one crop against many pictures."""
    before = os.getloadavg()[0]
    jobs = [
        *_pairs("12 megapixels", _TWELVE, source, options.seed, on_stage),
        *_pairs("50 megapixels", _FIFTY, source, options.seed, on_stage),
        *_among_many(source, options, on_stage),
    ]
    return CropTimes(tuple(jobs), os.cpu_count() or 1, (before, os.getloadavg()[0]))


def _pairs(
    name: str,
    size: tuple[int, int, int, int, int],
    source: PictureSource,
    seed: int,
    on_stage: Progress,
) -> list[CropTime]:
    """A mosaic with a crop of it, and with a crop of another."""
    random = np.random.default_rng((seed, 3, size[0]))
    locator = CropLocator()
    related: list[tuple[float, bool]] = []
    unrelated: list[tuple[float, bool]] = []
    full = _mosaic(size, source, random)
    for number in range(size[4]):
        on_stage(name, number, size[4])
        following = _mosaic(size, source, random)
        part = _part(full, random)
        related.append(_timed(locator, full, part, "crop"))
        unrelated.append(_timed(locator, following, part, "unrelated"))
        full = following
    return [_job(f"a pair of {name}, a crop", related), _job(f"{name}, unrelated", unrelated)]


def _among_many(source: PictureSource, options: TimesOptions, on_stage: Progress) -> list[CropTime]:
    random = np.random.default_rng((options.seed, 4))
    locator, ranked, answered = CropLocator(), [], []
    with TemporaryDirectory() as folder:
        cache = KeypointCache(Path(folder) / "kept")
        paths = []
        for number in range(options.pictures):
            on_stage("keypoints of many pictures", number, options.pictures)
            path = Path(folder) / f"{number}.jpg"
            cv2.imwrite(str(path), _one_of_many(source, random)[..., ::-1])
            cache.keypoints(path, read_picture)
            paths.append(path)
        for number in range(_CROPS):
            on_stage("one crop among many", number, _CROPS)
            wanted = int(random.integers(len(paths)))
            crop = _part(read_picture(paths[wanted]), random)
            began = perf_counter()
            kept = [cache.keypoints(path, read_picture) for path in paths]
            order = rank_pictures(find_keypoints(crop, CROP_KEYPOINTS), kept, _LOOKED_AT)
            ranked.append((perf_counter() - began, wanted in order))
            found = [locator.locate(crop, read_picture(paths[index])).relation for index in order]
            right = wanted in order and found[order.index(wanted)] == "crop"
            answered.append((perf_counter() - began, right))
    name = f"one crop against {options.pictures:,} pictures"
    return [_job(f"{name}, ranked", ranked), _job(f"{name}, the likeliest looked at", answered)]


def _mosaic(
    size: tuple[int, int, int, int, int], source: PictureSource, random: np.random.Generator
) -> Image:
    """A large picture of many: there are none so large among the shared ones."""
    width, height, columns, rows, _ = size
    mosaic = np.zeros((height, width, 3), np.uint8)
    across = np.linspace(0, width, columns + 1).astype(int)
    down = np.linspace(0, height, rows + 1).astype(int)
    for top, bottom in pairwise(down):
        for left, right in pairwise(across):
            image = read_picture(source.singles[int(random.integers(len(source.singles)))])
            mosaic[top:bottom, left:right] = resize(image, right - left, bottom - top)
    return compress(mosaic, draw_quality(random), webp=False)


def _part(full: Image, random: np.random.Generator) -> Image:
    left, top, width, height = draw_window(full, float(random.uniform(0.2, 0.6)), random)
    zoom = float(random.uniform(0.5, 1.0))
    part = np.ascontiguousarray(full[top : top + height, left : left + width])
    small = resize(part, max(24, round(width * zoom)), max(24, round(height * zoom)))
    return compress(small, draw_quality(random), webp=False)


def _one_of_many(source: PictureSource, random: np.random.Generator) -> Image:
    image = read_picture(source.singles[int(random.integers(len(source.singles)))])
    left, top, width, height = draw_window(image, float(random.uniform(0.5, 1.0)), random)
    factor = min(1.0, _LONGEST_PX / max(width, height))
    part = np.ascontiguousarray(image[top : top + height, left : left + width])
    return resize(part, max(1, round(width * factor)), max(1, round(height * factor)))


def _timed(locator: CropLocator, full: Image, part: Image, right: str) -> tuple[float, bool]:
    began = perf_counter()
    found = locator.locate(full, part)
    return perf_counter() - began, found.relation == right


def _job(name: str, answers: list[tuple[float, bool]]) -> CropTime:
    seconds = [taken for taken, _ in answers]
    return CropTime(
        name,
        len(answers),
        float(np.median(seconds)),
        float(np.quantile(seconds, 0.95)),
        sum(right for _, right in answers),
    )
