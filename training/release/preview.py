"""Contact sheets: pictures that each network is trained on, with their labels."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.networks.grids import COMPARED_CELL
from training.comparator.material import MaterialCounts as ComparedAmounts
from training.comparator.material import collect_material
from training.comparator.pairs import DIFFERENT, SAME, ComparatorPair, draw_pair
from training.data.aligned_photos import align_photos
from training.data.backgrounds import draw_backgrounds
from training.data.carton_boxes import locate_cartons
from training.data.catalog_products import CatalogProduct
from training.data.instances import read_data_backgrounds
from training.data.sources import TrainingData
from training.detector.data import DetectionSampler
from training.detector.scenes import Scene, SceneComposer
from training.detector.train import INPUT_SIDE
from training.embedder.sampler import ViewSampler
from training.embedder.train import read_training_instances, view_side
from training.errors import TrainingError
from training.finetune.detector import make_packages
from training.finetune.embedder import FinetuneSampler
from training.superglue.compose import Composer
from training.superglue.front_ends import FrontEndChoice
from training.superglue.things import ThingCollector, ThingCounts, read_training_pictures
from training.superpoint.shapes import draw_shape

# Pixels of a tile and between tiles.
_TILE: Final = 160
_GAP: Final = 4
_COLUMNS: Final = 8
_ROWS: Final = 5
# Enough to look at, and read within a minute.
_BACKGROUNDS: Final = 100
_THINGS: Final = 24
_GREEN: Final = (40, 220, 60)
_RED: Final = (230, 40, 40)

Tile = NDArray[np.uint8]


def draw_data_sheets(
    data: TrainingData, out: Path, choice: FrontEndChoice, seed: int
) -> Iterator[tuple[str, Tile]]:
    """Yield one sheet per network, by its name, as `skulens train NETWORK --data DIR` draws them.

    Boxes and keypoints are drawn in green; views of one thing stand side by side.

    Args:
        data: the data folder.
        out: folder that keeps the boxes of located cartons.
        choice: keypoints by which photos are located.
        seed: of every random draw.
    """
    rng = np.random.default_rng(seed)
    located = locate_cartons(data, out / "located.json")
    sampler = DetectionSampler(data, located, rng)
    yield (
        "detector",
        lay_out_sheet([draw_boxes(sampler.scene(INPUT_SIDE)) for _ in range(_COLUMNS * _ROWS)]),
    )
    backgrounds = read_data_backgrounds(data, _BACKGROUNDS)
    batch = ViewSampler(read_training_instances(data, out), backgrounds, rng).batch(view_side(1.0))
    yield "embedder", lay_out_sheet(list(batch.images))
    drawn = (draw_shape(120, rng) for _ in range(_COLUMNS * _ROWS))
    yield "superpoint", lay_out_sheet([draw_keypoints(image, points) for image, points in drawn])
    pictures = (
        replace(picture, photos=picture.photos[:1])
        for picture in islice(read_training_pictures(data, ThingCounts(20, 1, 4)), _THINGS)
    )
    composer = Composer(ThingCollector(choice.open()).collect(pictures).things, rng)
    yield "superglue", lay_out_sheet([composer.scene().image for _ in range(_COLUMNS * _ROWS)])
    few = ComparedAmounts(_BACKGROUNDS, _THINGS, 1)
    photos = align_photos(data, choice.open(), held_out=False, twins=False)
    material = collect_material(data, few, photos, held_out=False)
    yield (
        "comparator",
        lay_out_sheet(
            [draw_compared_pair(draw_pair(material, rng)) for _ in range(_COLUMNS * _ROWS)]
        ),
    )


def draw_catalog_sheets(
    products: Sequence[CatalogProduct], twins: NDArray[np.intp], side: int, seed: int
) -> Iterator[tuple[str, Tile]]:
    """Yield one sheet per network, as `skulens train NETWORK --catalog NAME` draws them.

    Args:
        products: of the catalog.
        twins: (N,) the nearest other product of each.
        side: pixels of the embedder's views.
        seed: of every random draw.
    """
    rng = np.random.default_rng(seed)
    backgrounds = draw_backgrounds(_BACKGROUNDS, seed)
    own = [picture.subject() for product in products for picture in product.pictures]
    makers = (
        SceneComposer(own, backgrounds, rng),
        SceneComposer(make_packages(12, 0, rng), backgrounds, rng),
    )
    scenes = [makers[number % 2].scene(INPUT_SIDE) for number in range(_COLUMNS * _ROWS)]
    yield "detector", lay_out_sheet([draw_boxes(scene) for scene in scenes])
    views = FinetuneSampler(products, twins, backgrounds, rng).batch(side)
    yield "embedder", lay_out_sheet(list(views.images))


def draw_boxes(scene: Scene) -> Tile:
    """Return a scene with its boxes drawn."""
    image = scene.image.copy()
    for box in scene.boxes:
        cv2.rectangle(image, *_corners(box), _GREEN, 2)
    return image


def draw_keypoints(image: NDArray[np.uint8], points: NDArray[np.float32]) -> Tile:
    """Return a grey picture with its keypoints drawn."""
    shown = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB)
    for x, y in np.rint(points).astype(int).tolist():
        cv2.circle(shown, (x, y), 2, _GREEN, -1)
    return np.asarray(shown, np.uint8)


def draw_compared_pair(pair: ComparatorPair) -> Tile:
    """Return a reference beside its photo, in which red cells differ and green ones do not."""
    shown = pair.query.copy()
    height, width = shown.shape[:2]
    cells = cv2.resize(
        pair.labels, None, fx=COMPARED_CELL, fy=COMPARED_CELL, interpolation=cv2.INTER_NEAREST
    )
    for label, ink in ((DIFFERENT, _RED), (SAME, _GREEN)):
        where = cells[:height, :width] == label
        shown[where] = (0.7 * shown[where] + 0.3 * np.array(ink)).astype(np.uint8)
    return np.concatenate([pair.reference, shown], axis=1)


def lay_out_sheet(tiles: Sequence[Tile]) -> Tile:
    """Lay pictures out in rows of eight, each fitted into a square, on white.

    Raises:
        TrainingError: there is no picture.
    """
    if not tiles:
        raise TrainingError("there is nothing to look at: the data has no picture of that kind")
    rows = -(-len(tiles) // _COLUMNS)
    step = _TILE + _GAP
    page = np.full((rows * step + _GAP, _COLUMNS * step + _GAP, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        fitted = _fitted(tile)
        top = _GAP + number // _COLUMNS * step
        left = _GAP + number % _COLUMNS * step
        page[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return page


def write_sheet(page: Tile, path: Path) -> None:
    """Write a sheet as PNG.

    Raises:
        TrainingError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(page, cv2.COLOR_RGB2BGR)):
        raise TrainingError(f"cannot write {path}")


def _fitted(tile: Tile) -> Tile:
    height, width = tile.shape[:2]
    scale = _TILE / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(tile, size, interpolation=how), np.uint8)


def _corners(box: Box) -> tuple[tuple[int, int], tuple[int, int]]:
    return (round(box.left), round(box.top)), (round(box.right), round(box.bottom))
