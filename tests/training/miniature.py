"""A data folder in miniature, laid out as the real one."""

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.prints import draw_family

TRAINED = ("Alpha-Juice", "Omega-Milk")
HELD_OUT = ("Tropicana-Golden-Grapefruit",)
LEFT_OUT = ("Hidden-Juice",)
PRODUCE = ("Pear",)


def on_white(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A catalog picture: the print in the middle of a white square."""
    height, width = image.shape[:2]
    picture = np.full((height + 60, width + 100, 3), 255, np.uint8)
    picture[30 : 30 + height, 50 : 50 + width] = image
    return picture


def in_a_shop(image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """A photo: the print on noise."""
    rng = np.random.default_rng(seed)
    photo = cv2.blur(rng.integers(0, 255, (340, 340, 3), np.uint8), (9, 9))
    left, top = (int(x) for x in rng.integers(20, 100, 2))
    photo[top : top + image.shape[0], left : left + image.shape[1]] = image
    return np.asarray(photo, np.uint8)


def write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))


def label(path: Path) -> None:
    """One box, in YOLO's form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("1 0.5 0.5 0.4 0.6\n")


def build(root: Path) -> None:
    """Fill an empty folder."""
    names = (*TRAINED, *HELD_OUT, *LEFT_OUT, *PRODUCE)
    for seed, name in enumerate(names):
        image = draw_family(seed, 1)[0]
        write(root / "grocery" / "catalog" / name / "iconic.jpg", on_white(image))
        for number in range(2):
            write(root / "grocery" / "train" / name / f"{number}.jpg", in_a_shop(image, number))
            write(root / "grocery" / "eval" / name / f"{number}.jpg", in_a_shop(image, number))
    cartons = [*TRAINED, *HELD_OUT, *LEFT_OUT]
    classes = {"cartons": cartons, "eval_open_left_out": list(LEFT_OUT)}
    (root / "grocery" / "classes.json").write_text(json.dumps(classes))
    _others(root)


def _others(root: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [draw_family(100 + number, 1)[0] for number in range(12)]
    for number, picture in enumerate(pictures):
        write(root / "clothing_cc0" / f"{number}.jpg", picture)
        write(root / "apc_products" / "catalog" / f"apc2015__thing_{number}.jpg", on_white(picture))
        write(root / "beverage3" / "images" / f"{number}.jpg", in_a_shop(picture, number))
        label(root / "beverage3" / "labels" / f"{number}.txt")
    shop = root / "eval_only" / "freiburg_boxes"
    write(shop / "images" / "shelf.jpg", in_a_shop(pictures[0], 0))
    label(shop / "labels" / "shelf.txt")
    noise = rng.integers(0, 255, (120, 160, 3), np.uint8)
    write(root / "boofcv_photos" / "wall.jpg", noise)
    write(root / "apc_products" / "clutter_unlabelled" / "bin.jpg", noise)
    art = {"room.jpg": {"size": [160, 120], "boxes": [[10.0, 10.0, 90.0, 80.0]]}}
    write(root / "art_boxes" / "images" / "room.jpg", noise)
    (root / "art_boxes" / "boxes.json").write_text(json.dumps(art))
