"""Recognition data: a folder of reference pictures and a folder of photos with known answers."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from catalog.ingest.image_file import read_image

UNKNOWN_FOLDER: Final = "_unknown"
TRUTH_FILE: Final = "truth.json"
PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})

Quad = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """A photo and what it shows.

    Attributes:
        path: of the photo.
        truth: the product; None when it is not in the catalog.
        groups: of photos that are scored apart, too.
        outline: the product's corners in pixels, clockwise from its own top left, where labelled.
    """

    path: Path
    truth: str | None
    groups: tuple[str, ...] = ()
    outline: Quad | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """Data in the layout of design.md.

    Attributes:
        name: of the protocol or folder.
        catalog: folder with one folder of reference pictures per product.
        queries: in the order of their names.
    """

    name: str
    catalog: Path
    queries: tuple[PhotoQuery, ...]

    def references(self) -> dict[str, list[Path]]:
        """Reference pictures by product, both in the order of their names."""
        return {folder.name: list_pictures(folder) for folder in _folders(self.catalog)}

    def subset(self, limit: int | None, seed: int) -> "Dataset":
        """At most `limit` photos, each product and the unknown in their share; seeded."""
        if limit is None or limit >= len(self.queries):
            return self
        places = list(_places(self.queries, random.Random(seed)))
        kept = sorted(range(len(places)), key=places.__getitem__)[:limit]
        return replace(self, queries=tuple(self.queries[index] for index in sorted(kept)))


def read_dataset(folder: Path) -> Dataset:
    """Data in `catalog/<product_id>/*`, `queries/<product_id>/*` and `queries/_unknown/*`.

    A file `truth.json` may add a group per product, groups and outlines per photo.

    Raises:
        BenchError: a folder is missing or empty, or a photo's product has no reference.
    """
    catalog, queries = folder / "catalog", folder / "queries"
    for part in (catalog, queries):
        if not part.is_dir():
            raise BenchError(f"there is no folder {part}; see `skulens bench recognition --help`")
    extra = _extra_truth(folder / TRUTH_FILE)
    products = {product_folder.name for product_folder in _folders(catalog)}
    found = []
    for place in _folders(queries):
        truth = None if place.name == UNKNOWN_FOLDER else place.name
        if truth is not None and truth not in products:
            raise BenchError(f"{place} has photos of a product without a folder in {catalog}")
        for path in list_pictures(place):
            key = f"{place.name}/{path.name}"
            groups = extra.of_products.get(place.name, ()) + extra.of_photos.get(key, ())
            found.append(PhotoQuery(path, truth, groups, extra.outlines.get(key)))
    if not products or not found:
        raise BenchError(f"there is no picture to measure on in {folder}")
    return Dataset(folder.resolve().name, catalog, tuple(found))


def write_truth(
    folder: Path,
    groups: Mapping[str, str],
    outlines: Mapping[str, Quad],
    photo_groups: Mapping[str, str] | None = None,
) -> None:
    """Add to data in a folder what is not in its layout.

    Args:
        folder: of the data.
        groups: one by product.
        outlines: by `<product_id>/<file>`.
        photo_groups: one more by `<product_id>/<file>` or `_unknown/<file>`.
    """
    record = {"groups": groups, "outlines": outlines, "photo_groups": photo_groups or {}}
    (folder / TRUTH_FILE).write_text(json.dumps(record))


def load_picture(path: Path) -> NDArray[np.uint8]:
    """A picture as (H, W, 3) uint8, RGB, upright.

    Raises:
        catalog.errors.PictureError: it cannot be read.
    """
    return read_image(path.read_bytes(), path.name)


def _places(queries: Iterable[PhotoQuery], generator: random.Random) -> Iterator[float]:
    """A place in [0, 1) for each photo, evenly spread within each folder and drawn by lot."""
    photos = list(queries)
    sizes: dict[Path, int] = {}
    for query in photos:
        sizes[query.path.parent] = sizes.get(query.path.parent, 0) + 1
    lots = {parent: generator.sample(range(size), size) for parent, size in sorted(sizes.items())}
    for query in photos:
        parent = query.path.parent
        yield (lots[parent].pop() + generator.random()) / sizes[parent]


@dataclass(frozen=True, slots=True)
class _ExtraTruth:
    of_products: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    of_photos: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outlines: Mapping[str, Quad] = field(default_factory=dict)


def _extra_truth(path: Path) -> _ExtraTruth:
    if not path.is_file():
        return _ExtraTruth()
    try:
        record = json.loads(path.read_text())
        outlines = {
            key: tuple((float(x), float(y)) for x, y in corners)
            for key, corners in record["outlines"].items()
        }
        of_photos = record.get("photo_groups", {})
        return _ExtraTruth(_singly(record["groups"]), _singly(of_photos), outlines)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchError(f"{path} is malformed: {error!r}") from error


def _singly(groups: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    return {key: (str(group),) for key, group in groups.items()}


def _folders(parent: Path) -> list[Path]:
    return sorted(path for path in parent.iterdir() if path.is_dir())


def list_pictures(folder: Path) -> list[Path]:
    """Picture files of a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
