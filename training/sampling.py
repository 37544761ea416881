"""Batches for metric learning: several views of each class, near-twins side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.instances import Instance, Kind
from training.views import CATALOG_POSE, PHOTO_POSE, SHOP_POSE, Subject, view

_VIEWS: Final = 2
# Owners enrol photos of their own beside the shop's picture, so photos must also find photos.
_PHOTO_FIRST: Final = 0.4
# Classes of each kind in one batch, as runs of neighbours in the list (twins stand together).
_RECIPE: Final[Mapping[Kind, tuple[int, int]]] = {
    Kind.CARTON: (6, 1),
    Kind.PRODUCE: (10, 1),
    Kind.HOUSEHOLD: (6, 1),
    Kind.CLOTHING: (6, 2),
    Kind.PRINT: (4, 3),
    Kind.BEVERAGE: (2, 1),
}


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Views and which of them show the same thing.

    Attributes:
        images: (B, side, side, 3) uint8.
        labels: (B,) int64, index of the class.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def joined(batches: Sequence[Batch]) -> Batch:
    """Several batches as one; a class that is in two of them has more views."""
    return Batch(
        np.concatenate([one.images for one in batches]),
        np.concatenate([one.labels for one in batches]),
    )


class Sampler:
    """Draws batches; not thread-safe, because of its random generator."""

    def __init__(
        self,
        instances: Sequence[Instance],
        backgrounds: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
    ) -> None:
        self._instances = instances
        self._backgrounds = backgrounds
        self._rng = rng
        self._by_kind = {
            kind: [index for index, instance in enumerate(instances) if instance.kind is kind]
            for kind in Kind
        }

    def batch(self, side: int) -> Batch:
        """One batch of views of `side` pixels."""
        chosen = [index for kind, recipe in _RECIPE.items() for index in self._choose(kind, recipe)]
        images = [
            self._look(self._instances[index], number, side)
            for index in chosen
            for number in range(_VIEWS)
        ]
        return Batch(np.stack(images), np.repeat(np.array(chosen, np.int64), _VIEWS))

    def _choose(self, kind: Kind, recipe: tuple[int, int]) -> list[int]:
        """`recipe` = how many groups of how many neighbours; fewer if there are fewer."""
        groups, size = recipe
        members = self._by_kind[kind]
        starts = np.arange(0, len(members), size)
        picked = self._rng.permutation(starts)[:groups]
        return [index for start in picked for index in members[start : start + size]]

    def _look(self, instance: Instance, number: int, side: int) -> NDArray[np.uint8]:
        """The first view is mostly the shop's (if there is a catalog picture), then a photo."""
        rng = self._rng
        shop = instance.catalog and number == 0 and rng.random() > _PHOTO_FIRST
        if instance.photos and not shop:
            return view(_one(instance.photos, rng), PHOTO_POSE, side, rng, strength=0.8)
        subject = _one(instance.catalog, rng)
        plain = rng.random() < (0.6 if number == 0 else 0.1)
        if plain:
            return view(subject, CATALOG_POSE, side, rng, strength=0.3)
        behind = self._backgrounds[int(rng.integers(len(self._backgrounds)))]
        return view(subject, SHOP_POSE, side, rng, behind)


def _one(subjects: Sequence[Subject], rng: np.random.Generator) -> Subject:
    return subjects[int(rng.integers(len(subjects)))]
