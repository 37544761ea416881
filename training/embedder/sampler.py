"""Batches for metric learning: several views of each class, near-twins side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.augment.camera import Degradation, photograph
from training.augment.views import (
    CATALOG_DEGRADATION,
    CATALOG_POSE,
    HEAP_DEGRADATION,
    HEAP_POSE,
    PHOTO_DEGRADATION,
    PHOTO_POSE,
    SHOP_DEGRADATION,
    SHOP_POSE,
    Subject,
    draw_view,
)
from training.data.instances import Instance, InstanceKind

_VIEWS: Final = 2
# Owners enrol photos of their own beside the shop's picture, so photos must also find photos.
_PHOTO_FIRST: Final = 0.4
# Classes of each kind in one batch, as runs of neighbours in the list (twins stand together).
_RECIPE: Final[Mapping[InstanceKind, tuple[int, int]]] = {
    InstanceKind.CARTON: (6, 1),
    InstanceKind.PRODUCE: (16, 1),
    InstanceKind.HOUSEHOLD: (4, 1),
    InstanceKind.CLOTHING: (5, 2),
    InstanceKind.PRINT: (3, 3),
    InstanceKind.BEVERAGE: (2, 1),
}


@dataclass(frozen=True, slots=True, eq=False)
class ViewBatch:
    """Views and which of them show the same thing.

    Attributes:
        images: (B, side, side, 3) uint8.
        labels: (B,) int64, index of the class.
        lights: how badly each is still to be photographed (see `Darkroom`); none if it was.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    lights: tuple[Degradation, ...] = ()


def join_batches(batches: Sequence[ViewBatch]) -> ViewBatch:
    """Several batches as one; a class that is in two of them has more views."""
    return ViewBatch(
        np.concatenate([one.images for one in batches]),
        np.concatenate([one.labels for one in batches]),
        tuple(light for one in batches for light in one.lights),
    )


class ViewSampler:
    """Draws batches; not thread-safe, because of its random generator."""

    def __init__(
        self,
        instances: Sequence[Instance],
        backgrounds: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
        *,
        lit: bool = True,
    ) -> None:
        """Prepare to draw.

        Args:
            instances: the classes.
            backgrounds: pictures (H, W, 3) to stand behind products.
            rng: source of all chance.
            lit: photograph the views here; if not, batches say how that is still to be done.
        """
        self._lit = lit
        self._instances = instances
        self._backgrounds = backgrounds
        self._rng = rng
        self._by_kind = {
            kind: [index for index, instance in enumerate(instances) if instance.kind is kind]
            for kind in InstanceKind
        }

    def batch(self, side: int) -> ViewBatch:
        """One batch of views of `side` pixels."""
        chosen = [index for kind, recipe in _RECIPE.items() for index in self._choose(kind, recipe)]
        looks = [
            self._look(self._instances[index], number, side)
            for index in chosen
            for number in range(_VIEWS)
        ]
        lights = () if self._lit else tuple(light for _, light in looks)
        images = np.stack([self._shown(image, light) for image, light in looks])
        return ViewBatch(images, np.repeat(np.array(chosen, np.int64), _VIEWS), lights)

    def labels_of(self, kind: InstanceKind) -> frozenset[int]:
        """Labels of all classes of a kind."""
        return frozenset(self._by_kind[kind])

    def _shown(self, image: NDArray[np.uint8], light: Degradation) -> NDArray[np.uint8]:
        return photograph(image, self._rng, light) if self._lit else image

    def _choose(self, kind: InstanceKind, recipe: tuple[int, int]) -> list[int]:
        """`recipe` = how many groups of how many neighbours; fewer if there are fewer."""
        groups, size = recipe
        members = self._by_kind[kind]
        starts = np.arange(0, len(members), size)
        picked = self._rng.permutation(starts)[:groups]
        return [index for start in picked for index in members[start : start + size]]

    def _look(
        self, instance: Instance, number: int, side: int
    ) -> tuple[NDArray[np.uint8], Degradation]:
        """The first view is mostly the shop's (if there is a catalog picture), then a photo."""
        rng = self._rng
        shop = instance.catalog and number == 0 and rng.random() > _PHOTO_FIRST
        if instance.photos and not shop:
            photo = _one(instance.photos, rng)
            if instance.kind is InstanceKind.PRODUCE:
                return draw_view(photo, HEAP_POSE, side, rng), HEAP_DEGRADATION
            return draw_view(photo, PHOTO_POSE, side, rng), PHOTO_DEGRADATION
        subject = _one(instance.catalog, rng)
        plain = rng.random() < (0.6 if number == 0 else 0.1)
        if plain:
            return draw_view(subject, CATALOG_POSE, side, rng), CATALOG_DEGRADATION
        behind = self._backgrounds[int(rng.integers(len(self._backgrounds)))]
        return draw_view(subject, SHOP_POSE, side, rng, behind), SHOP_DEGRADATION


def _one(subjects: Sequence[Subject], rng: np.random.Generator) -> Subject:
    return subjects[int(rng.integers(len(subjects)))]
