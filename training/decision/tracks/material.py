"""Unknowns that tracks are calibrated on, each of them near to something in the catalog.

* Photos of cartons that networks and decision may learn from, each asked as if the catalog lacked
  it: its twins stay.
* Photos of drawn prints, of whose families the catalog has the other members.

What is nothing like the catalog's own is hardly ever called identical, still or filmed, and tells
little about tracks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data.prints import draw_family
from training.data.sources import TrainingData, read_rgb
from training.decision.captures import capture_print

_LONGEST_PX: Final = 1280  # of the longer side of a photo
_FIRST_FAMILY: Final = 6_000  # its number; networks and decision have seen others
_FAMILIES: Final = 12
_MEMBERS: Final = 4  # of a family; the catalog lacks the last
_PLACES: Final = 40  # pictures to put prints before, at most; each is held in memory

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class NearUnknown:
    """A picture of something that the catalog lacks.

    Attributes:
        picture: reads or draws (H, W, 3) uint8 RGB.
        group: what it shows; all of one group lie on one side of any split.
        lacking: product that the catalog is made to lack; None if it does anyway.
    """

    picture: Callable[[], Image]
    group: str
    lacking: str | None = None


@dataclass(slots=True, eq=False)
class TrackMaterial:
    """A catalog, and unknowns that are near to its products.

    Attributes:
        references: (H, W, 3) uint8 RGB pictures by product.
        unknowns: to ask.
    """

    references: dict[str, list[Image]] = field(default_factory=dict)
    unknowns: list[NearUnknown] = field(default_factory=list)


def gather_unknowns(data: TrainingData, photos: int, seed: int) -> TrackMaterial:
    """Read and draw everything.

    Args:
        data: the data folder.
        photos: at most, of each carton and of each print.
        seed: of everything drawn.
    """
    material = TrackMaterial()
    for carton in data.cartons:
        if carton in data.left_out:
            continue
        material.references[carton] = [read_rgb(data.iconic(carton), _LONGEST_PX)]
        paths = data.photos(carton)
        material.unknowns += [
            NearUnknown(partial(read_rgb, path, _LONGEST_PX), carton, carton)
            for path in paths[:: max(len(paths) // photos, 1)][:photos]
        ]
    places = [read_rgb(path, _LONGEST_PX) for path in data.places()[:_PLACES]]
    for family in range(_FIRST_FAMILY, _FIRST_FAMILY + _FAMILIES):
        *known, lacked = draw_family(family, _MEMBERS)
        name = f"print-{family}"
        for member, picture in enumerate(known):
            material.references[f"{name}-{member}"] = [picture]
        material.unknowns += [
            NearUnknown(partial(_captured, lacked, places, (seed, family, number)), name)
            for number in range(photos)
        ]
    return material


def _captured(picture: Image, places: list[Image], seed: tuple[int, int, int]) -> Image:
    return capture_print(picture, places, np.random.default_rng(seed))
