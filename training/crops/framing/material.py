"""Photos and frames, each with windows that its own framing should beat."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from matcher.crops.thumbnail.feature_map import FeatureMap, FeatureNetwork
from matcher.crops.thumbnail.framing_pairs import (
    cut_window,
    draw_same_size,
    draw_windows,
    overlaps,
)
from matcher.crops.thumbnail.ranker import pool_windows
from training.data.sources import TrainingData, is_held_out, read_rgb

WHOLE: Final = np.array([0.0, 0.0, 1.0, 1.0])
_LONGEST_PX: Final = 640
_GARMENTS: Final = 2500  # pictures of clothes at most
_PHOTOS: Final = 9  # of each grocery product at most
_FRAME_STEPS: Final = {".gif": 10, ".mp4": 60, ".ts": 60}  # one frame in so many
_SERIES: Final = re.compile(r"(_?(left|right)|_?\d+)$")  # of names of pictures of one scene
_RANDOM, _ELSEWHERE, _MAPPED = 3, 3, 4  # windows of each kind
GRID: Final = 6  # cells a side that windows are pooled on; on 3 the middle is told less well
_SIZES: Final = 2  # of windows that are compared within the picture's own map

Image = NDArray[np.uint8]
OnPicture = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class FramedPicture:
    """A picture as its photographer framed it.

    Attributes:
        scene: pictures of one scene share it, and are held out together.
        kind: where it is from: `clothes`, `photos`, `products`, `frames`.
        read: returns (H, W, 3) uint8 RGB.
    """

    scene: str
    kind: str
    read: Callable[[], Image]

    @property
    def is_held_out(self) -> bool:
        """Whether it is kept to measure with."""
        return is_held_out(self.scene)


@dataclass(frozen=True, slots=True, eq=False)
class FramingSample:
    """One picture's windows as feature maps pooled on cells, (…, G, G, K) float32.

    Attributes:
        whole: (G, G, K), the picture itself, judged alone.
        random: (N, G, G, K), random windows of it, each judged alone.
        random_overlap: (N,) of each with the whole.
        same_size: (1 + M, G, G, K), the middle, then windows of its size elsewhere, judged alone.
        same_overlap: (1 + M,) of each with the middle one.
        mapped: (S, 1 + L, G, G, K), as `same_size` at S sizes, pooled from the picture's own map.
        mapped_overlap: (S, 1 + L).
    """

    whole: NDArray[np.float32]
    random: NDArray[np.float32]
    random_overlap: NDArray[np.float64]
    same_size: NDArray[np.float32]
    same_overlap: NDArray[np.float64]
    mapped: NDArray[np.float32]
    mapped_overlap: NDArray[np.float64]


def framed_pictures(data: TrainingData) -> list[FramedPicture]:
    """Return the pictures and frames that the ranker is trained on and validated with."""
    garments = data.clothing()
    step = max(len(garments) // _GARMENTS, 1)
    found = [_of_file(path.stem, "clothes", path) for path in garments[::step][:_GARMENTS]]
    found += [_of_file(_SERIES.sub("", path.stem), "photos", path) for path in data.places()]
    for product in data.products():
        found += [_of_file(product, "products", path) for path in data.photos(product)[:_PHOTOS]]
    for path in sorted((data.root / "videos").iterdir()):
        if path.suffix in _FRAME_STEPS:
            found += [
                FramedPicture(path.stem, "frames", lambda image=image: image)  # type: ignore[misc]
                for image in _frames(path)
            ]
    return found


def _of_file(scene: str, kind: str, path: Path) -> FramedPicture:
    return FramedPicture(scene, kind, lambda: read_rgb(path, _LONGEST_PX))


def _frames(path: Path) -> Iterator[Image]:
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % _FRAME_STEPS[path.suffix] == 0:
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class FramingNetworks:
    """The published network at two sizes of its input, and how its channels are brought down.

    Attributes:
        alone: for a window that is judged as a photo of its own.
        mapped: for the whole picture, as in serving.
        project: maps (rows, columns, 432) to (rows, columns, K).
    """

    alone: FeatureNetwork
    mapped: FeatureNetwork
    project: Callable[[NDArray[np.float32]], NDArray[np.float32]]


def sample_windows(
    image: Image, networks: FramingNetworks, rng: np.random.Generator
) -> FramingSample:
    """Draw a picture's windows, and pool the features of each."""

    def alone(windows: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.stack(
            [
                pool_whole(networks.alone.look(cut_window(image, window)), networks.project)
                for window in windows
            ]
        )

    random, same = draw_windows(rng, _RANDOM), draw_same_size(rng, _ELSEWHERE)
    values = networks.project(networks.mapped.look(image).values)
    scale = np.array([values.shape[1], values.shape[0]] * 2)
    sizes = [draw_same_size(rng, _MAPPED) for _ in range(_SIZES)]
    return FramingSample(
        alone(WHOLE[None])[0],
        alone(random),
        overlaps(WHOLE, random),
        alone(same),
        overlaps(same[0], same),
        np.stack([pool_windows(values, windows * scale, GRID) for windows in sizes]),
        np.stack([overlaps(windows[0], windows) for windows in sizes]),
    )


def pool_whole(
    features: FeatureMap, project: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> NDArray[np.float32]:
    """Return (G, G, K) of a whole map."""
    values = project(features.values)
    window = np.array([[0.0, 0.0, values.shape[1], values.shape[0]]])
    return np.asarray(pool_windows(values, window, GRID)[0])
