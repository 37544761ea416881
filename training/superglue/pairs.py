"""Pairs of pictures with the true pairs of their keypoints, and the keypoints that have none."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import Enum
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matcher.keypoints.attention import select_most_similar
from matcher.keypoints.features import FrontEnd, LocalFeatures
from superglue.keypoints import KeypointBatch
from training.superglue.compose import UNKNOWN
from training.superglue.feature_pool import FeaturePool, PastedReference, PooledScene, widen

DUSTBIN: Final = -1
IGNORED: Final = -2

# Cumulative shares of references that the scene shows and of near-twins; the rest are others.
_SAME: Final = 0.72
_TWIN: Final = 0.86
_FEWEST: Final = 4
# Largest share of keypoints that is left out at random.
_DROPPED: Final = 0.3


class Relation(Enum):
    """The relation of a reference to a scene."""

    SHOWN = "shown"
    TWIN = "twin"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Distances in scene pixels.

    Attributes:
        same: below it two keypoints are one.
        apart: beyond it they are two.
    """

    same: float
    apart: float


_EXACT: Final = Tolerance(3.0, 6.0)
# Of real photos: their homography was estimated, and no carton is quite flat.
_FOUND: Final = Tolerance(5.0, 12.0)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingPair:
    """A scene's keypoints and a reference's, with the truth about each.

    Attributes:
        query: M keypoints of the scene.
        reference: N keypoints.
        query_targets: (M,) int64, the partner's index, `DUSTBIN` or `IGNORED`.
        reference_targets: (N,) int64, the same for the reference.
        photo: whether the scene is a real photo of the reference's product.
        relation: of the reference to the scene.
    """

    query: LocalFeatures
    reference: LocalFeatures
    query_targets: NDArray[np.int64]
    reference_targets: NDArray[np.int64]
    photo: bool
    relation: Relation


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """B pairs, padded.

    Attributes:
        query: M keypoints each.
        reference: N keypoints each.
        query_targets: (B, M) int64, see `TrainingPair`; padding is ignored.
        reference_targets: (B, N) int64, the same for the references.
    """

    query: KeypointBatch
    reference: KeypointBatch
    query_targets: Tensor
    reference_targets: Tensor


class PairSampler:
    """A source of pairs from a pool; not thread-safe, because of its random generator."""

    def __init__(self, pool: FeaturePool, front_end: FrontEnd, rng: np.random.Generator) -> None:
        self._pool = pool
        self._front_end = front_end
        self._rng = rng
        self._families: dict[str, list[int]] = {}
        for index, reference in enumerate(pool.references):
            self._families.setdefault(reference.brand, []).append(index)
        self._usable = [scene for scene in pool.scenes if len(scene.features) >= _FEWEST]

    def draw(self, limit: int, *, whole: bool = False) -> TrainingPair:
        """Draw a pair of at most `limit` keypoints a side; leave some out unless it is `whole`."""
        rng = self._rng
        scene = self._usable[int(rng.integers(len(self._usable)))]
        pasted = scene.pasted[int(rng.integers(len(scene.pasted)))]
        relation, reference = self._related(scene, pasted)
        query, known = self._thinned(scene.features, whole), self._pool.references[reference]
        stored = self._front_end.unpack(known.local, known.width, known.height)
        kept = self._thinned(stored, whole)
        return _pair(scene, query, pasted, (stored, kept), relation, limit)

    def _related(self, scene: PooledScene, pasted: PastedReference) -> tuple[Relation, int]:
        rng = self._rng
        shown = {thing.reference for thing in scene.pasted}
        kind = rng.random()
        if kind < _SAME:
            return Relation.SHOWN, pasted.reference
        brand = self._pool.references[pasted.reference].brand
        twins = [twin for twin in self._families[brand] if twin not in shown]
        if kind < _TWIN and twins:
            return Relation.TWIN, twins[int(rng.integers(len(twins)))]
        other = int(rng.integers(len(self._pool.references)))
        # Behind a real photo anything of its brand may stand, but nothing else of ours.
        if other in shown or self._pool.references[other].brand == brand:
            return Relation.SHOWN, pasted.reference
        return Relation.OTHER, other

    def _thinned(self, features: LocalFeatures, whole: bool) -> NDArray[np.intp]:
        count = len(features)
        if whole:
            return np.arange(count)
        kept = self._rng.random(count) >= self._rng.uniform(0, _DROPPED)
        kept[:_FEWEST] = True
        return np.nonzero(kept)[0]


def _pair(
    scene: PooledScene,
    shown: NDArray[np.intp],
    pasted: PastedReference,
    stored: tuple[LocalFeatures, NDArray[np.intp]],
    relation: Relation,
    limit: int,
) -> TrainingPair:
    query = widen(scene.features.select(shown))
    reference = stored[0].select(stored[1])
    first, second = select_most_similar(query, reference, limit)
    query, reference = query.select(first), reference.select(second)
    owner = scene.owner[shown][first]
    if relation is Relation.SHOWN:
        number = scene.pasted.index(pasted) + 1
        targets = find_true_pairs(query, reference, owner, number, pasted)
    else:
        targets = _no_pairs(owner, len(reference))
    return TrainingPair(query, reference, *targets, pasted.photo, relation)


def find_true_pairs(
    query: LocalFeatures,
    reference: LocalFeatures,
    owner: NDArray[np.uint8],
    number: int,
    pasted: PastedReference,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find partners by the homography: each other's nearest, and near enough.

    Args:
        query: M keypoints of the scene.
        reference: N keypoints.
        owner: (M,) the thing that each keypoint of the scene lies on.
        number: of the reference among the scene's things, from 1.
        pasted: where it is.

    Returns:
        (M,) and (N,) targets, see `TrainingPair`.
    """
    tolerance = _FOUND if pasted.photo else _EXACT
    query_targets = np.full(len(query), DUSTBIN, np.int64)
    query_targets[owner == UNKNOWN] = IGNORED
    reference_targets = np.full(len(reference), DUSTBIN, np.int64)
    own = np.nonzero(owner == number)[0]
    if len(own) == 0:
        return query_targets, reference_targets
    carried = cv2.perspectiveTransform(
        reference.points[None].astype(np.float64), pasted.homography
    )[0]
    apart = np.linalg.norm(query.points[own][:, None] - carried[None], axis=2)
    nearest, back = apart.argmin(axis=1), apart.argmin(axis=0)
    rows = np.arange(len(own))
    gap = apart[rows, nearest]
    query_targets[own[gap < tolerance.apart]] = IGNORED
    reference_targets[apart.min(axis=0) < tolerance.apart] = IGNORED
    if pasted.photo:
        # A keypoint without a partner here may have one on the next copy in the shelf.
        reference_targets[:] = IGNORED
    same = (back[nearest] == rows) & (gap < tolerance.same)
    query_targets[own[same]] = nearest[same]
    reference_targets[nearest[same]] = own[same]
    return query_targets, reference_targets


def _no_pairs(
    owner: NDArray[np.uint8], references: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return targets without pairs; keypoints on unknown pixels are ignored."""
    unknown = owner == UNKNOWN
    query = np.where(unknown, IGNORED, DUSTBIN).astype(np.int64)
    alone = IGNORED if unknown.any() else DUSTBIN
    return query, np.full(references, alone, np.int64)


def stack_pairs(pairs: Sequence[TrainingPair]) -> PairBatch:
    """Stack pairs, padded to one size."""
    query = KeypointBatch.stack([to_keypoint_batch(pair.query) for pair in pairs])
    reference = KeypointBatch.stack([to_keypoint_batch(pair.reference) for pair in pairs])
    return PairBatch(
        query,
        reference,
        _stacked([pair.query_targets for pair in pairs], query.mask.shape[1]),
        _stacked([pair.reference_targets for pair in pairs], reference.mask.shape[1]),
    )


def to_keypoint_batch(features: LocalFeatures) -> KeypointBatch:
    """Return one picture's keypoints as a batch of one."""
    return KeypointBatch.of(
        torch.from_numpy(features.points),
        torch.from_numpy(features.scores),
        torch.from_numpy(features.descriptors),
        (features.width, features.height),
        torch.from_numpy(features.scales),
        torch.from_numpy(features.angles),
    )


def move_to_device(batch: KeypointBatch, device: str) -> KeypointBatch:
    """Return the batch on another device."""
    return KeypointBatch(
        **{field.name: getattr(batch, field.name).to(device) for field in fields(batch)}
    )


def _stacked(targets: Sequence[NDArray[np.int64]], length: int) -> Tensor:
    stacked = torch.full((len(targets), length), IGNORED, dtype=torch.int64)
    for row, values in zip(stacked, targets, strict=True):
        row[: len(values)] = torch.from_numpy(values)
    return stacked
