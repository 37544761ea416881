"""Fits the words and codes by which RootSIFT descriptors are found in a whole catalog."""

from collections.abc import Callable, Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.codebook import KeypointCodebook
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd
from training.data.prints import draw_family
from training.data.sources import TrainingData, read_rgb
from training.errors import TrainingError

BRANCHES: Final = 256
WORDS: Final = 256  # of each branch
# Pixels of the longer side: of a reference's canonical crop, where the catalog finds keypoints.
_SIDE_PX: Final = 512
_PER_PICTURE: Final = 400  # descriptors, so that no kind of picture outweighs the others
_PHOTOS: Final = 6  # of each grocery product
_FAMILIES: Final = 150  # of drawn prints, of two members each
_ROUNDS: Final = 10  # of k-means; more move the centres hardly at all
_FEWEST: Final = 4  # descriptors for each word
_CHUNK: Final = 16_384  # rows whose distances are in memory at once

Rows = NDArray[np.float32]
Advance = Callable[[int, int], None]


def train_codebook(
    data: TrainingData,
    front_end: FrontEnd,
    seed: int,
    advance: Advance,
) -> KeypointCodebook:
    """Return the codebook of descriptors of pictures that may be trained on.

    Raises:
        TrainingError: there are too few descriptors.
    """
    total = _count(data)
    rows = []
    for done, picture in enumerate(_pictures(data)):
        advance(done, total)
        canonical, _ = resize_within(picture, _SIDE_PX, _SIDE_PX)
        rows.append(front_end.extract(canonical, _PER_PICTURE).descriptors)
    return fit_codebook(np.concatenate(rows), np.random.default_rng(seed))


def fit_codebook(
    rows: Rows,
    rng: np.random.Generator,
    branches: int = BRANCHES,
    words: int = WORDS,
) -> KeypointCodebook:
    """Return the codebook of (N, D) unit descriptors.

    Raises:
        TrainingError: there are too few for so many words.
    """
    if len(rows) < _FEWEST * branches * words:
        raise TrainingError(
            f"{len(rows):,} descriptors are too few for {branches * words:,} words; "
            f"give pictures with {_FEWEST * branches * words:,}"
        )
    turn = _any_rotation(rows.shape[1], rng)
    turned = rows[rng.permutation(len(rows))] @ turn
    tops = _k_means(turned, branches, rng)
    nearest = assign_rows(turned, tops)
    leaves = np.empty((branches, words, rows.shape[1]), np.float32)
    left = np.empty_like(turned)
    for branch in range(branches):
        mine = nearest == branch
        leaves[branch] = _k_means(turned[mine], words, rng, around=tops[branch])
        left[mine] = turned[mine] - leaves[branch][assign_rows(turned[mine], leaves[branch])]
    return KeypointCodebook("", turn, tops, leaves, _levels(np.abs(left)))


def _any_rotation(size: int, rng: np.random.Generator) -> Rows:
    rotation, _ = np.linalg.qr(rng.standard_normal((size, size)))
    return np.asarray(rotation, np.float32)


def _levels(left: Rows) -> Rows:
    """The threshold between small and great, and the mean of each: Lloyd and Max's quantiser."""
    values = left[:: max(len(left) // _CHUNK, 1)].ravel()
    small, great = np.quantile(values, (0.25, 0.75))
    for _ in range(_ROUNDS):
        threshold = (small + great) / 2
        small, great = values[values < threshold].mean(), values[values >= threshold].mean()
    return np.array([(small + great) / 2, small, great], np.float32)


def _k_means(rows: Rows, count: int, rng: np.random.Generator, around: Rows | None = None) -> Rows:
    """(count, D) centres (Lloyd, 1982); where there are too few rows, some lie at `around`."""
    rows = np.ascontiguousarray(rows[: 512 * count])
    if len(rows) < count:
        filler = np.zeros((1, rows.shape[1]), np.float32) if around is None else around[None]
        return np.concatenate((rows, np.repeat(filler, count - len(rows), axis=0)))
    centres = rows[rng.choice(len(rows), count, replace=False)].copy()
    for _ in range(_ROUNDS):
        nearest = assign_rows(rows, centres)
        sizes = np.bincount(nearest, minlength=count)
        order = np.argsort(nearest, kind="stable")
        starts = np.cumsum(sizes) - sizes
        there = sizes > 0
        sums = np.add.reduceat(rows[order], starts[there], axis=0)
        centres[there] = sums / sizes[there, None]
        centres[~there] = rows[rng.choice(len(rows), int((~there).sum()), replace=False)]
    return centres


def assign_rows(rows: Rows, centres: Rows) -> NDArray[np.intp]:
    """Return (N,) the nearest of (K, D) centres to each of (N, D) rows."""
    half = np.square(centres).sum(axis=1) / 2
    nearest = np.empty(len(rows), np.intp)
    for start in range(0, len(rows), _CHUNK):
        here = slice(start, start + _CHUNK)
        nearest[here] = np.argmax(rows[here] @ centres.T - half, axis=1)
    return nearest


def _count(data: TrainingData) -> int:
    groceries = sum(1 + len(data.photos(product)[:_PHOTOS]) for product in data.products())
    others = (data.clothing(), data.places(), data.beverages(), data.paintings())
    return groceries + sum(map(len, others)) + 2 * _FAMILIES


def _pictures(data: TrainingData) -> Iterator[NDArray[np.uint8]]:
    for product in data.products():
        for path in (data.iconic(product), *data.photos(product)[:_PHOTOS]):
            yield read_rgb(path, 2 * _SIDE_PX)
    for path in (*data.clothing(), *data.places()):
        yield read_rgb(data.check(path), 2 * _SIDE_PX)
    for labelled in (*data.beverages(), *data.paintings()):
        yield read_rgb(data.check(labelled.path), 2 * _SIDE_PX)
    for seed in range(_FAMILIES):
        for print_ in draw_family(seed, 2):
            yield np.asarray(cv2.resize(print_, None, fx=2, fy=2), np.uint8)
