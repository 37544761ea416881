"""The protocols on the project's real pictures, laid out as recognition data.

| protocol | catalog | photos | unknown |
| --- | --- | --- | --- |
| one-reference | iconic pictures of all cartons | `eval` cartons | `eval` produce |
| four-reference | the same and three `train` photos per product, the first by name or drawn | \
the same | the same |
| open-set | the same as one-reference without the 8 left-out cartons | the other `eval` cartons | \
`eval` produce and the left-out cartons |
| all-products | iconic pictures and three `train` photos of all 73 products, produce included | \
`eval` of all | none |
| dvd | 20 DVD covers | 80 phone photos of them, with corners | none |
| apc | 104 catalog pictures of household products | 25 phone photos | none |
| many-things | 43 covers, 104 household products and 73 groceries among distractors | photos of \
covers, household products and cartons | none |
"""

import csv
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.appearances import LABELS
from bench.errors import BenchError
from bench.recognition.dataset import (
    PICTURE_SUFFIXES,
    UNKNOWN_FOLDER,
    Dataset,
    Quad,
    read_dataset,
    write_truth,
)
from bench.recognition.distractors import DrawPrints, lay_out_distractors

TRAIN_REFERENCES: Final = 3
MANY_THINGS: Final = "many-things"
DRAWN: Final = "four-reference"
COVERS: Final = "covers"
HOUSEHOLD: Final = "household"
UNSEEN: Final = "unseen"
SEEN: Final = "seen"
SAME_FACE: Final = "face shown"
OTHER_FACE: Final = "other face"
EASY: Final = "unknown: produce"
TWINS: Final = "unknown: cartons left out"
CARTON: Final = "cartons"
PRODUCE: Final = "produce"


@dataclass(frozen=True, slots=True)
class ProtocolOptions:
    """Of the protocols that leave something open.

    Attributes:
        draw: of four-reference: number of the draw of its photos; None takes the first by name.
        distractors: of many-things: products that no photo shows.
        draw_prints: of many-things: draws those that are more than there are real pictures of.
    """

    draw: int | None = None
    distractors: int = 0
    draw_prints: DrawPrints | None = None


def lay_out(
    protocol: str, shared: Path, folder: Path, options: ProtocolOptions | None = None
) -> Dataset:
    """Link a protocol's pictures into an empty folder.

    Args:
        protocol: a key of `PROTOCOLS`.
        shared: the folder of real pictures.
        folder: will hold `catalog/` and `queries/`, as symbolic links.
        options: what the protocol leaves open.

    Raises:
        BenchError: there is no such protocol, or its pictures are missing.
    """
    if protocol not in PROTOCOLS:
        raise BenchError(f"there is no protocol {protocol}; there are {', '.join(PROTOCOLS)}")
    target = folder / protocol
    try:
        PROTOCOLS[protocol](shared.resolve(), target, options or ProtocolOptions())
    except (OSError, ValueError, KeyError) as error:
        raise BenchError(f"cannot lay out {protocol} from {shared}: {error!r}") from error
    return read_dataset(target)


def lay_out_grocery(shared: Path, folder: Path, distractors: int) -> Path:
    """Link the iconic pictures of all grocery products, and pictures of clothes beside them.

    Args:
        shared: the folder of real pictures.
        folder: empty; will hold one folder per product, as symbolic links.
        distractors: pictures of clothes, each a product by itself; fewer if there are fewer.

    Raises:
        BenchError: the pictures are missing.
    """
    grocery, clothes = shared.resolve() / "grocery" / "catalog", shared.resolve() / "clothing_cc0"
    try:
        for product in sorted(path for path in grocery.iterdir() if path.is_dir()):
            _link(_pictures(product), folder / product.name)
        for path in _pictures(clothes)[:distractors] if distractors else []:
            _link([path], folder / f"clothes-{path.stem}")
    except OSError as error:
        raise BenchError(f"cannot lay out a catalog from {shared}: {error!r}") from error
    return folder


def _one_reference(shared: Path, target: Path, _: ProtocolOptions) -> None:
    grocery = shared / "grocery"
    cartons, left_out = _cartons(grocery)
    _link_iconic(grocery, cartons, target)
    _link_eval(grocery, cartons, target)
    _link_produce(grocery, cartons, target)
    groups = {product: UNSEEN if product in left_out else SEEN for product in cartons}
    write_truth(target, groups, {}, _faces(grocery, cartons))


def _four_reference(shared: Path, target: Path, options: ProtocolOptions) -> None:
    _one_reference(shared, target, options)
    grocery = shared / "grocery"
    for product in _cartons(grocery)[0]:
        photos = _pictures(grocery / "train" / product)
        if options.draw is not None:
            random.Random(f"{options.draw} {product}").shuffle(photos)
        _link(photos[:TRAIN_REFERENCES], target / "catalog" / product)


def _open_set(shared: Path, target: Path, _: ProtocolOptions) -> None:
    grocery = shared / "grocery"
    cartons, left_out = _cartons(grocery)
    kept = [product for product in cartons if product not in left_out]
    _link_iconic(grocery, kept, target)
    _link_eval(grocery, kept, target)
    _link_produce(grocery, cartons, target)
    for product in left_out:
        _link(_pictures(grocery / "eval" / product), target / "queries" / UNKNOWN_FOLDER)
    twins = {path.name for product in left_out for path in _pictures(grocery / "eval" / product)}
    unknown = (path.name for path in _pictures(target / "queries" / UNKNOWN_FOLDER))
    kinds = {f"{UNKNOWN_FOLDER}/{name}": TWINS if name in twins else EASY for name in unknown}
    write_truth(target, {}, {}, kinds)


def _all_products(shared: Path, target: Path, _: ProtocolOptions) -> None:
    grocery = shared / "grocery"
    cartons = _cartons(grocery)[0]
    products = sorted(path.name for path in (grocery / "catalog").iterdir() if path.is_dir())
    _link_iconic(grocery, products, target)
    # Some kinds of produce were photographed for training only.
    _link_eval(
        grocery, [product for product in products if (grocery / "eval" / product).is_dir()], target
    )
    for product in products:
        photos = _pictures(grocery / "train" / product)[:TRAIN_REFERENCES]
        _link(photos, target / "catalog" / product)
    write_truth(
        target, {product: CARTON if product in cartons else PRODUCE for product in products}, {}
    )


def _faces(grocery: Path, cartons: Sequence[str]) -> dict[str, str]:
    """Which `eval` photos show the face of the iconic picture, as labelled by hand."""
    others = json.loads((LABELS / "grocery_faces.json").read_text())["other"]
    return {
        f"{product}/{path.name}": OTHER_FACE if path.name in others.get(product, ()) else SAME_FACE
        for product in cartons
        for path in _pictures(grocery / "eval" / product)
    }


def _dvd(shared: Path, target: Path, _: ProtocolOptions) -> None:
    write_truth(target, {}, _link_covers(shared / "eval_only" / "dvd_covers", target))


def _link_covers(covers: Path, target: Path) -> dict[str, Quad]:
    """Link film covers and the photos of them; return the corners of those that are labelled."""
    outlines: dict[str, Quad] = {}
    for row in _rows(covers / "gt.csv"):
        photo, reference = covers / row["query"], covers / row["reference"]
        product = f"dvd-{reference.stem}"
        if not (target / "catalog" / product).exists():
            _link([reference], target / "catalog" / product)
        _link([photo], target / "queries" / product)
        if row[_QUAD_COLUMNS[0]]:  # the corners of one photo are not labelled
            numbers = [float(row[key]) for key in _QUAD_COLUMNS]
            corners = zip(numbers[::2], numbers[1::2], strict=True)
            outlines[f"{product}/{photo.name}"] = tuple(corners)
    return outlines


def _apc(shared: Path, target: Path, _: ProtocolOptions) -> None:
    apc = shared / "apc_products"
    catalog = {path.name: path for path in _pictures(apc / "catalog")}
    for row in _rows(apc / "gt.csv"):
        photo = apc / row["query"]
        names = row["matching_catalog"].split("|")
        _link([catalog.pop(name) for name in names], target / "catalog" / photo.stem)
        _link([photo], target / "queries" / photo.stem)
    for name, path in catalog.items():  # products that no photo shows
        _link([path], target / "catalog" / Path(name).stem)


def _many_things(shared: Path, target: Path, options: ProtocolOptions) -> None:
    for covers in ("dvd_covers", "dvd_covers_more"):
        _link_covers(shared / "eval_only" / covers, target)
    groups = dict.fromkeys((folder.name for folder in (target / "catalog").iterdir()), COVERS)
    _apc(shared, target, options)
    for folder in (target / "catalog").iterdir():
        groups.setdefault(folder.name, HOUSEHOLD)
    grocery = shared / "grocery"
    cartons, _ = _cartons(grocery)
    products = sorted(path.name for path in (grocery / "catalog").iterdir() if path.is_dir())
    _link_iconic(grocery, products, target)
    _link_eval(grocery, cartons, target)
    groups |= dict.fromkeys(cartons, CARTON)
    lay_out_distractors(shared, target / "catalog", options.distractors, options.draw_prints)
    # Corners of the second set of covers are those of the whole reference picture, of the first
    # those of the print in it; errors of the two would not compare.
    write_truth(target, groups, {}, _faces(grocery, cartons))


PROTOCOLS: Final[Mapping[str, Callable[[Path, Path, ProtocolOptions], None]]] = {
    "one-reference": _one_reference,
    DRAWN: _four_reference,
    "open-set": _open_set,
    "all-products": _all_products,
    "dvd": _dvd,
    "apc": _apc,
    MANY_THINGS: _many_things,
}
_QUAD_COLUMNS: Final = ("quad_x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


def _cartons(grocery: Path) -> tuple[list[str], frozenset[str]]:
    """All cartons, and those that no network has seen."""
    classes = json.loads((grocery / "classes.json").read_text())
    return list(classes["cartons"]), frozenset(classes["eval_open_left_out"])


def _link_iconic(grocery: Path, products: Sequence[str], target: Path) -> None:
    for product in products:
        _link(_pictures(grocery / "catalog" / product), target / "catalog" / product)


def _link_eval(grocery: Path, products: Sequence[str], target: Path) -> None:
    for product in products:
        _link(_pictures(grocery / "eval" / product), target / "queries" / product)


def _link_produce(grocery: Path, cartons: Sequence[str], target: Path) -> None:
    for folder in sorted((grocery / "eval").iterdir()):
        if folder.is_dir() and folder.name not in cartons:
            _link(_pictures(folder), target / "queries" / UNKNOWN_FOLDER)


def _link(pictures: Sequence[Path], folder: Path) -> None:
    """Link pictures into a folder; every name in the shared pictures is used once per folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in pictures:
        (folder / path.name).symlink_to(path)


def _pictures(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    if not found:
        raise BenchError(f"there is no picture in {folder}")
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as lines:
        return list(csv.DictReader(lines))
