"""One to twelve copies of one carton pasted into photos: are all found and outlined?"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product as pairs_of
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.progress import Progress, silent
from bench.recognition.compression import through_jpeg
from bench.recognition.cutout import Cutout, cut_out
from bench.recognition.dataset import load_picture
from bench.recognition.identifier import IdentifierBuilder, PhotoIdentifier
from bench.table import Table
from matcher.results import Match, Verdict

WIDTH: Final = 1280
HEIGHT: Final = 960
COLUMNS: Final = 4
ROWS: Final = 3
MOST_COPIES: Final = COLUMNS * ROWS
LEAST_OVERLAP: Final = 0.5  # IoU of outlines from which a copy is outlined
SHARE_OF_CELL: Final = (0.72, 0.95)  # a copy's longer side
CORNER_SHIFT: Final = 0.06  # of a copy's sides
TILT_DEG: Final = 12.0
_RASTER: Final = 256


@dataclass(frozen=True, slots=True)
class CopiesOptions:
    """Scenes to make and measure.

    Attributes:
        catalog: a folder of product folders; their first pictures have a white background.
        backgrounds: photos of anything else.
        scenes_per_count: for each number of copies.
        seed: of products, backgrounds and places.
        counts: the numbers of copies, each from 1 to 12.
    """

    catalog: Path
    backgrounds: tuple[Path, ...]
    scenes_per_count: int = 2
    seed: int = 0
    counts: tuple[int, ...] = tuple(range(1, MOST_COPIES + 1))


@dataclass(frozen=True, slots=True, eq=False)
class CopiesScene:
    """A photo with copies pasted in.

    Attributes:
        image: (960, 1280, 3) uint8, RGB.
        product_id: of all copies.
        outlines: one (N, 2) float32 convex outline per copy, in pixels.
    """

    image: NDArray[np.uint8]
    product_id: str
    outlines: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class CountResult:
    """All scenes with the same number of copies.

    Attributes:
        copies: per scene.
        shown: copies in all scenes.
        found: answered `identical` with the right product and outlined.
        wrong: `identical` answers with another product.
        surplus: `identical` answers with the right product that outline no copy, or one twice.
    """

    copies: int
    shown: int
    found: int
    wrong: int
    surplus: int


@dataclass(frozen=True, slots=True)
class CopiesResult:
    """By number of copies, fewest first."""

    counts: tuple[CountResult, ...]

    @property
    def found_share(self) -> float:
        """Of all copies in all scenes."""
        return sum(count.found for count in self.counts) / sum(count.shown for count in self.counts)

    def to_json(self) -> dict[str, Any]:
        """As plain values, with the share."""
        return {**asdict(self), "found_share": self.found_share}

    def table(self) -> Table:
        """One row per number of copies."""
        rows = [
            (str(c.copies), f"{c.found} of {c.shown}", str(c.wrong), str(c.surplus))
            for c in self.counts
        ]
        total = f"found and outlined: {self.found_share:.3f} of all copies"
        columns = ("copies", "found and outlined", "wrong names", "surplus")
        return Table("Copies of one carton in a photo", columns, tuple(rows), (total,))


def measure_copies(
    options: CopiesOptions, build: IdentifierBuilder, on_progress: Progress = silent
) -> CopiesResult:
    """Make the scenes, look for the copies and count them.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
        BenchError: there is no product or no background.
    """
    recogniser = build(options.catalog)
    total = len(options.counts) * options.scenes_per_count
    counts: dict[int, CountResult] = {}
    for done, scene in enumerate(make_scenes(options)):
        on_progress("copies", done, total)
        result = _judge(scene, recogniser)
        earlier = counts.get(result.copies)
        counts[result.copies] = result if earlier is None else _add_counts(earlier, result)
    on_progress("copies", total, total)
    return CopiesResult(tuple(counts[copies] for copies in sorted(counts)))


def make_scenes(options: CopiesOptions) -> Iterator[CopiesScene]:
    """All scenes, the same ones for the same options.

    Raises:
        catalog.errors.PictureError: a picture cannot be read.
        BenchError: there is no product or no background.
    """
    folders = sorted(path for path in options.catalog.iterdir() if path.is_dir())
    if not folders or not options.backgrounds:
        raise BenchError(f"copies need products in {options.catalog} and backgrounds")
    generator = np.random.default_rng(options.seed)
    for copies in options.counts:
        for _ in range(options.scenes_per_count):
            folder = folders[generator.integers(len(folders))]
            background = options.backgrounds[generator.integers(len(options.backgrounds))]
            cutout = cut_out(load_picture(min(folder.iterdir())))
            yield paste_copies(cutout, folder.name, load_picture(background), copies, generator)


def paste_copies(
    cutout: Cutout,
    product_id: str,
    background: NDArray[np.uint8],
    copies: int,
    generator: np.random.Generator,
) -> CopiesScene:
    """Copies of a product in cells of their own, each seen a little differently."""
    resized = cv2.resize(background, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    canvas = resized.astype(np.uint8)
    cells = list(pairs_of(range(COLUMNS), range(ROWS)))
    outlines = []
    for index in generator.permutation(len(cells))[:copies]:
        homography = _placement(cutout, cells[index], generator)
        canvas = _paste_one(canvas, cutout, homography, generator)
        outlines.append(cv2.perspectiveTransform(cutout.hull[None], homography)[0])
    noisy = canvas + generator.normal(0, 3, canvas.shape)
    return CopiesScene(through_jpeg(noisy, 88), product_id, tuple(outlines))


def _placement(
    cutout: Cutout, cell: tuple[int, int], generator: np.random.Generator
) -> NDArray[np.float64]:
    """A homography of the cut-out into its cell: scaled, tilted and seen slightly from aside."""
    height, width = cutout.image.shape[:2]
    cell_width, cell_height = WIDTH / COLUMNS, HEIGHT / ROWS
    scale = generator.uniform(*SHARE_OF_CELL) * min(cell_width / width, cell_height / height)
    tilt = np.radians(generator.uniform(-TILT_DEG, TILT_DEG))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    shift = generator.uniform(-CORNER_SHIFT, CORNER_SHIFT, (4, 2)) * (width, height)
    turn = np.array([[np.cos(tilt), -np.sin(tilt)], [np.sin(tilt), np.cos(tilt)]])
    middle = (np.array(cell) + 0.5 + generator.uniform(-0.04, 0.04, 2)) * (cell_width, cell_height)
    placed = (corners + shift - (width / 2, height / 2)) * scale @ turn.T + middle
    homography: NDArray[np.float64] = cv2.getPerspectiveTransform(
        corners.astype(np.float32), placed.astype(np.float32)
    ).astype(np.float64)
    return homography


def _paste_one(
    canvas: NDArray[np.uint8],
    cutout: Cutout,
    homography: NDArray[np.float64],
    generator: np.random.Generator,
) -> NDArray[np.uint8]:
    lit = np.clip(cutout.image * generator.uniform(0.75, 1.15), 0, 255).astype(np.uint8)
    size = (WIDTH, HEIGHT)
    image = cv2.warpPerspective(lit, homography, size, flags=cv2.INTER_CUBIC)
    mask = cv2.warpPerspective(cutout.mask, homography, size, flags=cv2.INTER_LINEAR)
    blur = generator.uniform(0.3, 0.9)
    image, soft = cv2.GaussianBlur(image, (0, 0), blur), cv2.GaussianBlur(mask, (0, 0), 1.0)
    share = soft[:, :, None].astype(np.float32) / 255
    mixed: NDArray[np.uint8] = (share * image + (1 - share) * canvas).astype(np.uint8)
    return mixed


def _judge(scene: CopiesScene, recogniser: PhotoIdentifier) -> CountResult:
    named = [
        match
        for match in recogniser.identify(scene.image).matches
        if match.verdict is Verdict.IDENTICAL
    ]
    right = [match for match in named if match.product_id == scene.product_id]
    found = _count_outlined(right, scene.outlines)
    copies = len(scene.outlines)
    return CountResult(copies, copies, found, len(named) - len(right), len(right) - found)


def _count_outlined(matches: Sequence[Match], outlines: Sequence[NDArray[np.float32]]) -> int:
    """How many copies are outlined when each answer may stand for one of them; best fits first."""
    fits = [
        (outline_iou(match.verification.outline, outline), answer, copy)
        for answer, match in enumerate(matches)
        if match.verification is not None
        for copy, outline in enumerate(outlines)
    ]
    answers: set[int] = set()
    copies: set[int] = set()
    for fit, answer, copy in sorted(fits, reverse=True):
        if fit >= LEAST_OVERLAP and answer not in answers and copy not in copies:
            answers.add(answer)
            copies.add(copy)
    return len(copies)


def outline_iou(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Intersection over union of two outlines, each made convex; 0 when one is empty."""
    if len(first) < 3 or len(second) < 3:
        return 0.0
    # Drawn, not computed: OpenCV's intersection of polygons fails where edges nearly coincide.
    both = np.concatenate([first, second])
    corner, size = both.min(axis=0), np.ptp(both, axis=0).max()
    drawn = []
    for outline in (first, second):
        mask = np.zeros((_RASTER, _RASTER), np.uint8)
        points = np.rint((outline - corner) * ((_RASTER - 1) / max(size, 1e-6))).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(points), 1)
        drawn.append(mask > 0)
    return float((drawn[0] & drawn[1]).sum() / (drawn[0] | drawn[1]).sum())


def _add_counts(first: CountResult, second: CountResult) -> CountResult:
    return CountResult(
        first.copies,
        first.shown + second.shown,
        first.found + second.found,
        first.wrong + second.wrong,
        first.surplus + second.surplus,
    )
