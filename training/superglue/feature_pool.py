"""A pool of scenes whose keypoints are known, on disk: features, never pictures.

Shards are numbered, written whole, and depend on nothing but the seed and their number: a killed
builder goes on with the first that is missing, while a trainer reads what there is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import CompactFeatures
from matcher.imaging.resize import resize_within
from matcher.keypoints.features import FrontEnd, LocalFeatures
from training.data.sources import TrainingData
from training.errors import TrainingError
from training.superglue.compose import ComposedScene, Composer
from training.superglue.things import (
    ThingCollector,
    ThingCounts,
    ThingPicture,
    ThingReference,
    read_held_out_pictures,
    read_training_pictures,
)

# Keypoints of a scene at most.
_KEPT: Final = 1500
# Points are stored in 64ths of a pixel, descriptors in 127ths.
_POINT_UNIT: Final = 64.0
_CODE_UNIT: Final = 127.0
# Shorter and longer side in pixels at which the matcher looks at whole photos and at crops.
_MATCHING_SIDES: Final = ((640, 1024), (448, 640))


@dataclass(frozen=True, slots=True, eq=False)
class PastedReference:
    """A reference in a scene.

    Attributes:
        reference: its index in the pool.
        homography: (3, 3) float64, canonical pixels to scene pixels.
        photo: whether a real photo of it was pasted.
    """

    reference: int
    homography: NDArray[np.float64]
    photo: bool


@dataclass(frozen=True, slots=True, eq=False)
class PooledScene:
    """Keypoints of a scene.

    Attributes:
        features: at matching size.
        owner: (N,) uint8 for each keypoint, see `ComposedScene`.
        pasted: the things in it; the k-th has owner k + 1.
    """

    features: LocalFeatures
    owner: NDArray[np.uint8]
    pasted: tuple[PastedReference, ...]


@dataclass(frozen=True, slots=True)
class FeaturePoolOptions:
    """The size of a pool.

    Attributes:
        shards: of training scenes.
        validation_shards: of scenes with held-out products.
        shard_size: scenes in each.
        amounts: pictures that scenes are composed of.
        seed: of every random draw.
    """

    shards: int = 200
    validation_shards: int = 2
    shard_size: int = 100
    amounts: ThingCounts = field(default_factory=ThingCounts)
    seed: int = 0


def build_pool(
    data: TrainingData, front_end: FrontEnd, folder: Path, options: FeaturePoolOptions
) -> Iterator[Path]:
    """Build the missing shards, validation first; yield each as it is written.

    Raises:
        TrainingError: the data folder is not complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts: tuple[tuple[str, Iterator[ThingPicture], int], ...] = (
        ("validation", read_held_out_pictures(data, options.amounts), options.validation_shards),
        ("train", read_training_pictures(data, options.amounts), options.shards),
    )
    for name, pictures, shards in parts:
        missing = [n for n in range(shards) if not _shard(folder, name, n).exists()]
        if missing:
            collection = ThingCollector(front_end).collect(pictures)
            _write(folder / f"{name}-references.npz", _references_as_arrays(collection.references))
            for number in missing:
                path = _shard(folder, name, number)
                rng = np.random.default_rng((options.seed, number, len(name)))
                composer = Composer(collection.things, rng)
                _write(path, _scenes_as_arrays(_extract_shard(composer, front_end, rng, options)))
                yield path


def _extract_shard(
    composer: Composer, front_end: FrontEnd, rng: np.random.Generator, options: FeaturePoolOptions
) -> list[PooledScene]:
    return [extract_scene(composer.scene(), front_end, rng) for _ in range(options.shard_size)]


def extract_scene(
    scene: ComposedScene, front_end: FrontEnd, rng: np.random.Generator
) -> PooledScene:
    """Extract a scene's keypoints as the matcher would: of a whole photo or of a crop."""
    sides = _MATCHING_SIDES[int(rng.integers(len(_MATCHING_SIDES)))]
    image, scale = resize_within(scene.image, *sides)
    features = front_end.extract(image, _KEPT)
    height, width = scene.owner.shape
    at = np.rint((features.points + 0.5) / scale - 0.5).astype(int)
    columns, rows = at[:, 0].clip(0, width - 1), at[:, 1].clip(0, height - 1)
    shift = 0.5 * scale - 0.5
    grow = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])
    pasted = tuple(
        PastedReference(thing.reference, grow @ thing.homography, thing.photo)
        for thing in scene.placed
    )
    return PooledScene(features, scene.owner[rows, columns], pasted)


@dataclass(frozen=True, slots=True, eq=False)
class FeaturePool:
    """The part of a pool that has been built so far.

    Attributes:
        references: that scenes point to.
        scenes: in the order of their shards.
        shards: how many were read.
    """

    references: tuple[ThingReference, ...]
    scenes: tuple[PooledScene, ...]
    shards: int

    @classmethod
    def read(cls, folder: Path, name: str) -> "FeaturePool":
        """Read the part "train" or "validation"; empty as long as nothing of it is built.

        Raises:
            TrainingError: a file of it is broken.
        """
        return cls((), (), 0).grown(folder, name)

    def grown(self, folder: Path, name: str) -> "FeaturePool":
        """Return the pool with the shards that have been built since."""
        known = folder / f"{name}-references.npz"
        if not known.exists():
            return self
        references = self.references or tuple(_references_of(_read(known)))
        scenes, number = list(self.scenes), self.shards
        while (path := _shard(folder, name, number)).exists():
            scenes += _scenes_of(_read(path))
            number += 1
        return FeaturePool(references, tuple(scenes), number)


def _shard(folder: Path, name: str, number: int) -> Path:
    return folder / f"{name}-{number:05d}.npz"


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write beside the target first: a reader sees all of it or nothing."""
    beside = path.with_suffix(".partial")
    with beside.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    beside.replace(path)


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path) as arrays:
            return dict(arrays)
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} is broken: remove it, it will be built again") from error


def _references_as_arrays(references: Sequence[ThingReference]) -> dict[str, NDArray[Any]]:
    return {
        "names": np.array([reference.name for reference in references]),
        "brands": np.array([reference.brand for reference in references]),
        "sizes": np.array(
            [(reference.width, reference.height) for reference in references], np.int32
        ),
        "counts": np.array([len(reference.local.points) for reference in references], np.int64),
        "points": np.concatenate([reference.local.points for reference in references]),
        "scales": np.concatenate([reference.local.scales for reference in references]),
        "angles": np.concatenate([reference.local.angles for reference in references]),
        "codes": np.concatenate([reference.local.codes for reference in references]),
    }


def _references_of(arrays: Mapping[str, NDArray[Any]]) -> Iterator[ThingReference]:
    ends = np.cumsum(arrays["counts"])[:-1]
    columns = [np.split(arrays[key], ends) for key in ("points", "scales", "angles", "codes")]
    for number, (points, scales, angles, codes) in enumerate(zip(*columns, strict=True)):
        width, height = arrays["sizes"][number].tolist()
        local = CompactFeatures(points, scales, angles, codes)
        name, brand = str(arrays["names"][number]), str(arrays["brands"][number])
        yield ThingReference(name, brand, local, width, height)


def _scenes_as_arrays(scenes: Sequence[PooledScene]) -> dict[str, NDArray[Any]]:
    every = [scene.features for scene in scenes]
    pasted = [thing for scene in scenes for thing in scene.pasted]
    descriptors = np.concatenate([features.descriptors for features in every])
    return {
        "sizes": np.array([(features.width, features.height) for features in every], np.int32),
        "counts": np.array([len(features) for features in every], np.int64),
        "points": _points_as_codes(np.concatenate([features.points for features in every])),
        "scales": np.concatenate([features.scales for features in every]).astype(np.float16),
        "angles": np.concatenate([features.angles for features in every]).astype(np.float16),
        "scores": np.concatenate([features.scores for features in every]).astype(np.float16),
        "codes": np.rint(descriptors * _CODE_UNIT).astype(np.int8),
        "owner": np.concatenate([scene.owner for scene in scenes]),
        "pasted": np.array([len(scene.pasted) for scene in scenes], np.int64),
        "references": np.array([thing.reference for thing in pasted], np.int32),
        "homographies": np.array([thing.homography for thing in pasted]).reshape(-1, 3, 3),
        "photos": np.array([thing.photo for thing in pasted], bool),
    }


def _points_as_codes(points: NDArray[np.float32]) -> NDArray[np.uint16]:
    codes: NDArray[np.uint16] = np.clip(np.rint(points * _POINT_UNIT), 0, 65535).astype(np.uint16)
    return codes


_COLUMNS: Final = ("points", "scales", "angles", "scores", "codes", "owner")


def _scenes_of(arrays: Mapping[str, NDArray[Any]]) -> Iterator[PooledScene]:
    """Yield scenes whose arrays stay as narrow as they were stored, see `widen`."""
    ends = np.cumsum(arrays["counts"])[:-1]
    columns = [np.split(arrays[key], ends) for key in _COLUMNS]
    ranges = np.concatenate([[0], np.cumsum(arrays["pasted"])])
    for number, (points, scales, angles, scores, codes, owner) in enumerate(
        zip(*columns, strict=True)
    ):
        width, height = arrays["sizes"][number].tolist()
        pasted = tuple(
            PastedReference(
                int(arrays["references"][index]),
                arrays["homographies"][index],
                bool(arrays["photos"][index]),
            )
            for index in range(ranges[number], ranges[number + 1])
        )
        features = LocalFeatures(points, scales, angles, scores, codes, width, height)
        yield PooledScene(features, owner, pasted)


def widen(features: LocalFeatures) -> LocalFeatures:
    """Return the features of a pooled scene as the front end gave them."""
    descriptors = features.descriptors.astype(np.float32)
    lengths = np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-9)
    return LocalFeatures(
        features.points.astype(np.float32) / np.float32(_POINT_UNIT),
        features.scales.astype(np.float32),
        features.angles.astype(np.float32),
        features.scores.astype(np.float32),
        np.asarray(descriptors / lengths, np.float32),
        features.width,
        features.height,
    )


def use_one_thread() -> None:
    """Use one thread, so that a builder and a trainer share a machine."""
    cv2.setNumThreads(1)
