"""A copy of the picture data that is small enough to carry to another machine.

It is laid out as the data folder, so that every trainer reads it with `--data`. Evaluation
pictures, left-out cartons and videos, which no training reads, stay behind; licences go along.
"""

import io
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from PIL import Image

from training.data.sources import TrainingData, list_pictures, read_rgb
from training.errors import TrainingError

MEGABYTE: Final = 1_000_000

# One picture in so many is encoded to estimate the size of all.
_SAMPLED: Final = 12
# Pixels of the longer side that trainers read at most.
_LONGEST: Final = {"clothing_cc0": 320, "boofcv_photos": 400, "grocery": 400}
_LONGEST_OTHERWISE: Final = 640
_PAPERS: Final = ("grocery/classes.json", "art_boxes/boxes.json", "beverage3/data.yaml")


@dataclass(frozen=True, slots=True)
class Fineness:
    """Resolution and compression of the pictures.

    Attributes:
        share: of the side that trainers look at, in (0, 1].
        quality: of JPEG, 1 to 95.
    """

    share: float
    quality: int


FINENESSES: Final = (
    Fineness(1.0, 90),
    *(Fineness(share, 75) for share in (1.0, 0.85, 0.75, 0.65, 0.55)),
    Fineness(0.45, 70),
)
"""The choices, the finest first."""


@dataclass(frozen=True, slots=True)
class DataPack:
    """A finished pack.

    Attributes:
        folder: of the pack.
        pictures: how many it holds.
        size: bytes in all.
        fineness: the finest that fits.
    """

    folder: Path
    pictures: int
    size: int
    fineness: Fineness


def write_data_pack(data: TrainingData, folder: Path, megabytes: float) -> DataPack:
    """Write every file that trainers read, as finely as the bound allows.

    Args:
        data: the data folder.
        folder: must not exist; it appears when everything is in it.
        megabytes: of 1,000,000 bytes, at most.

    Raises:
        TrainingError: the folder exists, a picture cannot be read, or the bound is too small.
    """
    if folder.exists():
        raise TrainingError(f"{folder} exists: name a folder that does not, or remove it")
    pictures = tuple(_pictures(data))
    papers = tuple(_papers(data))
    rest = sum(path.stat().st_size for path in papers)
    bound = int(MEGABYTE * megabytes)
    beside = folder.with_name(f"{folder.name}.partial")
    for fineness in _fitting(data, pictures, bound - rest):
        shutil.rmtree(beside, ignore_errors=True)
        size = rest + _write(data, pictures, beside, fineness)
        if size <= bound:
            for path in papers:
                _copy(path, beside / path.relative_to(data.root))
            beside.replace(folder)
            return DataPack(folder, len(pictures), size, fineness)
    shutil.rmtree(beside, ignore_errors=True)
    least = (rest + _estimate(data, pictures, FINENESSES[-1])) / MEGABYTE
    raise TrainingError(
        f"{len(pictures)} pictures do not fit {megabytes:g} MB: give about {1.1 * least:.3g}"
    )


def _pictures(data: TrainingData) -> Iterator[Path]:
    for product in data.products():
        yield data.iconic(product)
        yield from data.photos(product)
    labelled = (file.path for file in (*data.beverages(), *data.paintings()))
    household = chain.from_iterable(data.household().values())
    for path in chain(labelled, household, data.clutter(), data.clothing(), data.places()):
        yield data.check(path)


def _papers(data: TrainingData) -> Iterator[Path]:
    """Yield the files of labels and licences."""
    yield from (data.root / name for name in _PAPERS if (data.root / name).exists())
    for folder in list_pictures(data.root):
        if folder.is_dir() and folder.name not in ("eval_only", "videos"):
            yield from sorted(folder.glob("LICENSE*")) + sorted(folder.glob("README*"))
    yield from sorted((data.root / "beverage3" / "labels").glob("*.txt"))


def _fitting(data: TrainingData, pictures: tuple[Path, ...], bound: int) -> Iterable[Fineness]:
    """Yield the choices that fit by a sample, the finest first."""
    return (choice for choice in FINENESSES if _estimate(data, pictures, choice) <= bound)


def _estimate(data: TrainingData, pictures: tuple[Path, ...], fineness: Fineness) -> int:
    sample = pictures[::_SAMPLED]
    size = sum(len(_encoded(data, path, fineness)) for path in sample)
    return round(size * len(pictures) / max(len(sample), 1))


def _write(data: TrainingData, pictures: tuple[Path, ...], folder: Path, fineness: Fineness) -> int:
    size = 0
    for path in pictures:
        target = folder / path.relative_to(data.root)
        target.parent.mkdir(parents=True, exist_ok=True)
        size += target.write_bytes(_encoded(data, path, fineness))
    return size


def _encoded(data: TrainingData, path: Path, fineness: Fineness) -> bytes:
    """Return the file encoded anew, or as it is where that is smaller."""
    longest = _LONGEST.get(path.relative_to(data.root).parts[0], _LONGEST_OTHERWISE)
    picture = Image.fromarray(read_rgb(path, round(longest * fineness.share)))
    kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
    buffer = io.BytesIO()
    picture.save(buffer, kind, quality=fineness.quality)
    encoded, original = buffer.getvalue(), path.read_bytes()
    return encoded if len(encoded) < len(original) else original


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)
