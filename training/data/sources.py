"""The picture data: which files may be trained on, and which are kept to measure with.

The folder is laid out as the data README says. Three things never enter weights: the `eval` photos,
everything under `eval_only`, and the cartons that `grocery/classes.json` leaves out. Of what may be
trained on, every fourth product (by a hash of its name, the same on every machine) is held out for
validation with all its pictures; of produce the embedder holds none out
(`training.data.instances`).
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from matcher.imaging.box import Box
from training.errors import ForbiddenData, TrainingError

# One product in so many is held out.
HELD_OUT_SHARE: Final = 4
_FORBIDDEN_FOLDERS: Final = frozenset({"eval", "eval_only"})


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A picture file whose products are boxed.

    Attributes:
        path: the picture.
        boxes: in its pixels.
        longest: pixels of the picture's longer side.
    """

    path: Path
    boxes: tuple[Box, ...]
    longest: int


def is_held_out(name: str) -> bool:
    """Return whether a product (or a picture that stands for one) is kept for validation."""
    digest = hashlib.sha256(f"skulens{name}".encode()).digest()
    return digest[0] % HELD_OUT_SHARE == 0


def read_rgb(path: Path, longest: int) -> NDArray[np.uint8]:
    """Read a picture as (H, W, 3) uint8 RGB, upright, its longer side at most `longest` pixels.

    Raises:
        TrainingError: the file is missing or is no picture.
    """
    try:
        with Image.open(path) as opened:
            opened.draft("RGB", (longest, longest))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError) as error:
        raise TrainingError(f"cannot read the picture {path}: mend or remove it") from error
    upright.thumbnail((longest, longest), Image.Resampling.BOX)
    return np.asarray(upright)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """The data folder, opened for training.

    Attributes:
        root: the folder.
        cartons: names of the grocery products that are cartons.
        left_out: cartons that never enter weights.
    """

    root: Path
    cartons: tuple[str, ...]
    left_out: frozenset[str]

    @classmethod
    def open(cls, root: Path) -> "TrainingData":
        """Open a data folder and read which cartons there are.

        Raises:
            TrainingError: the folder is not the data folder.
        """
        classes = root / "grocery" / "classes.json"
        try:
            content = json.loads(classes.read_text())
        except (OSError, json.JSONDecodeError) as error:
            raise TrainingError(
                f"{classes} is missing or broken: --data must name the data folder"
            ) from error
        return cls(root, tuple(content["cartons"]), frozenset(content["eval_open_left_out"]))

    def check(self, path: Path) -> Path:
        """Return the path if it may be trained on.

        Raises:
            ForbiddenData: it lies in an evaluation folder or shows a left-out carton.
        """
        parts = path.relative_to(self.root).parts
        if _FORBIDDEN_FOLDERS.intersection(parts) or self.left_out.intersection(parts):
            raise ForbiddenData(f"{path} is for measuring only: take it out of the training list")
        return path

    def products(self) -> tuple[str, ...]:
        """Return the grocery products that may be trained on or validated with, sorted."""
        folders = list_pictures(self.root / "grocery" / "catalog")
        return tuple(folder.name for folder in folders if folder.name not in self.left_out)

    def iconic(self, product: str) -> Path:
        """Return the shop's catalog picture of a grocery product."""
        return self.check(self.root / "grocery" / "catalog" / product / "iconic.jpg")

    def photos(self, product: str) -> tuple[Path, ...]:
        """Return the phone photos of a grocery product."""
        folder = self.root / "grocery" / "train" / product
        return tuple(self.check(path) for path in list_pictures(folder))

    def household(self) -> dict[str, tuple[Path, ...]]:
        """Return catalog pictures by household product; one seen in two years is one product."""
        found: dict[str, list[Path]] = {}
        for path in list_pictures(self.root / "apc_products" / "catalog"):
            found.setdefault(path.stem.partition("__")[2], []).append(path)
        return {name: tuple(paths) for name, paths in found.items()}

    def clothing(self) -> tuple[Path, ...]:
        """Return pictures of clothes, one garment each."""
        return list_pictures(self.root / "clothing_cc0")

    def places(self) -> tuple[Path, ...]:
        """Return pictures without products, for backgrounds."""
        return list_pictures(self.root / "boofcv_photos")

    def clutter(self) -> tuple[Path, ...]:
        """Return pictures of bins full of unlabelled products: to cover with, not to detect in."""
        return list_pictures(self.root / "apc_products" / "clutter_unlabelled")

    def beverages(self) -> tuple[LabelledFile, ...]:
        """Return pictures of bottles and cans with their boxes."""
        folder = self.root / "beverage3"
        return tuple(
            read_yolo_boxes(path, folder / "labels" / f"{path.stem}.txt")
            for path in list_pictures(folder / "images")
        )

    def paintings(self) -> tuple[LabelledFile, ...]:
        """Return pictures of galleries and rooms with the boxes of paintings."""
        folder = self.root / "art_boxes"
        entries = json.loads((folder / "boxes.json").read_text())
        return tuple(
            LabelledFile(
                folder / "images" / name,
                tuple(Box(*box) for box in entry["boxes"]),
                max(entry["size"]),
            )
            for name, entry in sorted(entries.items())
        )


def list_pictures(folder: Path) -> tuple[Path, ...]:
    """Return a folder's pictures and folders, sorted.

    Raises:
        TrainingError: there is no such folder.
    """
    if not folder.is_dir():
        raise TrainingError(f"{folder} is missing: --data must name the whole data folder")
    return tuple(
        sorted(p for p in folder.iterdir() if p.is_dir() or p.suffix.lower() in (".jpg", ".png"))
    )


def read_yolo_boxes(picture: Path, labels: Path) -> LabelledFile:
    """Read a picture's boxes in YOLO's form: class, centre and size in shares of the picture.

    Raises:
        OSError: a file cannot be read.
        ValueError: a line holds something else than numbers, or too few.
    """
    with Image.open(picture) as opened:
        width, height = opened.size
    boxes = []
    for line in labels.read_text().splitlines():
        x, y, w, h = (float(number) for number in line.split()[1:5])
        left, top = (x - w / 2) * width, (y - h / 2) * height
        boxes.append(Box(left, top, left + w * width, top + h * height))
    return LabelledFile(picture, tuple(boxes), max(width, height))
