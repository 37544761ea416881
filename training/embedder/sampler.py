"""Batches for metric learning: several views of each class, near-twins side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.augment.camera import Degradation, Shot, apply_shot, draw_shot
from training.augment.views import (
    CATALOG_DEGRADATION,
    CATALOG_POSE,
    PHOTO_DEGRADATION,
    PHOTO_POSE,
    PRODUCE_DEGRADATION,
    PRODUCE_POSE,
    SHOP_DEGRADATION,
    SHOP_POSE,
    Subject,
    draw_view,
)
from training.data.instances import Instance, InstanceKind

_VIEWS: Final = 2
# Share of first views that are photos: owners enrol photos of their own beside the shop's picture,
# so photos must also find photos.
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
        shots: the photograph that is still to be taken of each; none if they were taken.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    shots: tuple[Shot, ...] = ()


def join_batches(batches: Sequence[ViewBatch]) -> ViewBatch:
    """Return several batches as one; a class that is in two of them has more views."""
    return ViewBatch(
        np.concatenate([batch.images for batch in batches]),
        np.concatenate([batch.labels for batch in batches]),
        tuple(shot for batch in batches for shot in batch.shots),
    )


class ViewSampler:
    """A source of batches; not thread-safe, because of its random generator."""

    def __init__(
        self,
        instances: Sequence[Instance],
        backgrounds: Sequence[NDArray[np.uint8]],
        rng: np.random.Generator,
        *,
        take_shots: bool = True,
    ) -> None:
        """Prepare to draw.

        Args:
            instances: the classes.
            backgrounds: pictures (H, W, 3) to stand behind products.
            rng: source of every random draw.
            take_shots: photograph the views here; else batches hold the shots to be taken.
        """
        self._take_shots = take_shots
        self._instances = instances
        self._backgrounds = backgrounds
        self._rng = rng
        self._by_kind = {
            kind: [index for index, instance in enumerate(instances) if instance.kind is kind]
            for kind in InstanceKind
        }

    def batch(self, side: int) -> ViewBatch:
        """Draw one batch of views of `side` pixels."""
        chosen = [index for kind, recipe in _RECIPE.items() for index in self._choose(kind, recipe)]
        views = [
            self._draw(self._instances[index], number, side)
            for index in chosen
            for number in range(_VIEWS)
        ]
        labels = np.repeat(np.array(chosen, np.int64), _VIEWS)
        shots = [draw_shot(degradation, side, side, self._rng) for _, degradation in views]
        if not self._take_shots:
            return ViewBatch(np.stack([image for image, _ in views]), labels, tuple(shots))
        pairs = zip(views, shots, strict=True)
        return ViewBatch(np.stack([apply_shot(image, shot) for (image, _), shot in pairs]), labels)

    def labels_of(self, kind: InstanceKind) -> frozenset[int]:
        """Return the labels of all classes of a kind."""
        return frozenset(self._by_kind[kind])

    def _choose(self, kind: InstanceKind, recipe: tuple[int, int]) -> list[int]:
        """Choose classes by a recipe: so many groups of so many neighbours, or all there are."""
        groups, size = recipe
        members = self._by_kind[kind]
        starts = np.arange(0, len(members), size)
        picked = self._rng.permutation(starts)[:groups]
        return [index for start in picked for index in members[start : start + size]]

    def _draw(
        self, instance: Instance, number: int, side: int
    ) -> tuple[NDArray[np.uint8], Degradation]:
        """Draw a view: the first mostly of a catalog picture, if there is one, then of a photo."""
        rng = self._rng
        shop = instance.catalog and number == 0 and rng.random() > _PHOTO_FIRST
        if instance.photos and not shop:
            photo = _draw_one(instance.photos, rng)
            if instance.kind is InstanceKind.PRODUCE:
                return draw_view(photo, PRODUCE_POSE, side, rng), PRODUCE_DEGRADATION
            return draw_view(photo, PHOTO_POSE, side, rng), PHOTO_DEGRADATION
        subject = _draw_one(instance.catalog, rng)
        plain = rng.random() < (0.6 if number == 0 else 0.1)
        if plain:
            return draw_view(subject, CATALOG_POSE, side, rng), CATALOG_DEGRADATION
        behind = self._backgrounds[int(rng.integers(len(self._backgrounds)))]
        return draw_view(subject, SHOP_POSE, side, rng, behind), SHOP_DEGRADATION


def _draw_one(subjects: Sequence[Subject], rng: np.random.Generator) -> Subject:
    return subjects[int(rng.integers(len(subjects)))]
