"""Material that the decision is fitted on: photos of many kinds of goods, known and unknown.

* Cartons on real photos. Every second one has photos among its references, as catalogs have.
* Flat prints whose photos are drawn: clothes, household goods and invented packs, in families whose
  members are near-twins and alone.
* Unknowns: produce and places; goods that the catalog lacks, among them members of families that it
  has; prints that bear a piece of a known one, as brands do; and altered copies of known ones.

Networks were trained on most of the goods that may be trained on, and are surer there than
elsewhere: prints are drawn only of what they have not seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.data.near_twins import make_twin
from training.data.prints import draw_family
from training.data.sources import TrainingData, is_held_out, read_rgb
from training.decision.captures import capture_print, stick_on

_LONGEST: Final = 1280  # pixels of the longer side of a photo
_PICTURE: Final = 800  # pixels of the longer side of a print
_REFERENCE_PHOTOS: Final = 3  # of a carton, at most; never more than half of them
_PRODUCE: Final = 80  # photos
_CLOTHES: Final = 140
_FAMILIES: Final = 50  # every second one has four members, the others one
_FIRST_FAMILY: Final = 4_000  # its number; the networks were trained on others
_MEMBERS: Final = 4
_LACKING: Final = 0.25  # share of prints that the catalog lacks
_BRANDS: Final = 70  # prints that bear a piece of a known one
_TWINS: Final = 20  # altered copies of known prints
# How much an unknown counts: what is made to deceive is rarer before a camera than its share here.
_SIBLING_WEIGHT: Final = 0.3
_BRAND_WEIGHT: Final = 0.15
_TWIN_WEIGHT: Final = 0.02

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationPhoto:
    """A photo whose truth is known.

    Attributes:
        picture: reads or draws (H, W, 3) uint8 RGB.
        product: that it shows; None if the catalog lacks it.
        weight: how much it counts.
    """

    picture: Callable[[], Image]
    product: str | None
    weight: float = 1.0


@dataclass(slots=True, eq=False)
class CalibrationMaterial:
    """A catalog and photos for it.

    Attributes:
        references: (H, W, 3) uint8 RGB pictures by product.
        photos: in no particular order.
    """

    references: dict[str, list[Image]] = field(default_factory=dict)
    photos: list[CalibrationPhoto] = field(default_factory=list)


def gather_material(data: TrainingData, photos: int, seed: int) -> CalibrationMaterial:
    """Read and draw everything.

    Args:
        data: the data folder.
        photos: at most, of each carton.
        seed: of everything drawn.
    """
    material, rng = CalibrationMaterial(), np.random.default_rng(seed)
    _add_cartons(material, data, photos)
    _add_produce(material, data)
    places = [read_rgb(path, _PICTURE) for path in (*data.places(), *data.clutter())]
    for place in places[::4]:
        material.photos.append(CalibrationPhoto(partial(np.copy, place), None))
    known: dict[str, Image] = {}
    lacking: list[Image] = []
    for number, (name, picture, is_sibling) in enumerate(_prints(data)):
        draw = partial(capture_print, picture, places, np.random.default_rng((seed, number)))
        if is_sibling or (rng.random() < _LACKING and not name.startswith("print")):
            weight = _SIBLING_WEIGHT if is_sibling else 1.0
            material.photos.append(CalibrationPhoto(draw, None, weight))
            lacking.append(picture)
        else:
            material.references[name], known[name] = [picture], picture
            material.photos.append(CalibrationPhoto(draw, name))
    material.photos += _deceiving(list(known.values()), lacking, places, seed)
    return material


def _add_cartons(material: CalibrationMaterial, data: TrainingData, most: int) -> None:
    cartons = [carton for carton in data.cartons if carton not in data.left_out]
    for number, carton in enumerate(cartons):
        photos = data.photos(carton)
        enrolled = min(_REFERENCE_PHOTOS, len(photos) // 2) if number % 2 else 0
        paths = (data.iconic(carton), *photos[:enrolled])
        material.references[carton] = [read_rgb(path, _LONGEST) for path in paths]
        material.photos += [_photo(path, carton) for path in photos[enrolled:][:most]]


def _add_produce(material: CalibrationMaterial, data: TrainingData) -> None:
    produce = [product for product in data.products() if product not in data.cartons]
    paths = [path for product in produce for path in data.photos(product)[:2]]
    material.photos += [_photo(path, None) for path in paths[:_PRODUCE]]


def _photo(path: Path, product: str | None) -> CalibrationPhoto:
    return CalibrationPhoto(partial(read_rgb, path, _LONGEST), product)


def _prints(data: TrainingData) -> Iterator[tuple[str, Image, bool]]:
    """Yield name and picture of each print, and whether the catalog has only its siblings."""
    clothes = [path for path in data.clothing() if is_held_out(path.stem)]
    for path in clothes[:_CLOTHES]:
        yield f"clothes-{path.stem}", read_rgb(path, _PICTURE), False
    for name, paths in sorted(data.household().items()):
        if is_held_out(name):
            yield f"household-{name}", read_rgb(paths[0], _PICTURE), False
    for family in range(_FIRST_FAMILY, _FIRST_FAMILY + _FAMILIES):
        members = draw_family(family, _MEMBERS if family % 2 else 1)
        for member, picture in enumerate(members):
            yield f"print-{family}-{member}", picture, member == _MEMBERS - 1 and family % 4 == 1


def _deceiving(
    known: list[Image], lacking: list[Image], places: list[Image], seed: int
) -> Iterator[CalibrationPhoto]:
    for number in range(_BRANDS + _TWINS):
        rng = np.random.default_rng((seed, 1, number))
        shown = known[int(rng.integers(len(known)))]
        if number < _BRANDS:
            bearer = lacking[int(rng.integers(len(lacking)))]
            draw = partial(_branded, bearer, shown, places, rng)
            yield CalibrationPhoto(draw, None, _BRAND_WEIGHT)
        else:
            draw = partial(_altered, shown, known, places, rng)
            yield CalibrationPhoto(draw, None, _TWIN_WEIGHT)


def _branded(bearer: Image, shown: Image, places: list[Image], rng: np.random.Generator) -> Image:
    return capture_print(stick_on(bearer, shown, rng), places, rng)


def _altered(
    shown: Image, others: list[Image], places: list[Image], rng: np.random.Generator
) -> Image:
    return capture_print(make_twin(shown, others, rng), places, rng)
