"""Real pictures that pairs are made of, in two halves: for development, and for the figures."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError

_SINGLES: Final = ("boofcv_photos", "clothing_cc0", "art_boxes", "beverage3")
_SUBJECTS: Final = ("grocery/eval", "eval_only/dvd_covers", "eval_only/dvd_covers_more")
_MOST_OF_A_FOLDER: Final = 400  # pictures, so that clothes are no majority
_CLIPS: Final = ("*.gif", "*.mp4", "*.ts")
_MOST_FRAMES: Final = 120  # of a clip
_FRAME_STRIDE: Final = 2  # frames; neighbours differ little enough


class Half(Enum):
    """Which pictures: by the first bit of the hash of a picture's name."""

    DEVELOPMENT = 0
    TEST = 1


@dataclass(frozen=True, slots=True)
class PictureSource:
    """Names of picture files of one half.

    Attributes:
        singles: any picture.
        subjects: groups of at least two pictures of one subject.
        twins: groups of catalog pictures whose names begin alike.
        clips: video files; of each half another part is taken.
    """

    singles: tuple[Path, ...]
    subjects: tuple[tuple[Path, ...], ...]
    twins: tuple[tuple[Path, ...], ...]
    clips: tuple[Path, ...]
    half: Half


def find_pictures(shared: Path, half: Half) -> PictureSource:
    """List the pictures of one half.

    Args:
        shared: the folder with the shared pictures.
        half: of them.

    Raises:
        BenchError: there are none.
    """
    singles: list[Path] = []
    for folder in _SINGLES:
        found = [path for path in _pictures(shared / folder) if _half(shared, path) is half]
        singles += found[:_MOST_OF_A_FOLDER]
    if len(singles) < 10:
        raise BenchError(f"{shared} has no pictures in {', '.join(_SINGLES)}; name the shared data")
    subjects = [*_groups_by_name(shared, half), *_groups_by_folder(shared, half)]
    twins = _twins(shared, half)
    clips = [path for kind in _CLIPS for path in sorted((shared / "videos").glob(kind))]
    return PictureSource(tuple(singles), tuple(subjects), tuple(twins), tuple(clips), half)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8, RGB.

    Raises:
        BenchError: it cannot be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise BenchError(f"{path} cannot be read; give the shared pictures")
    return np.ascontiguousarray(image[..., ::-1]).astype(np.uint8)


def read_frames(path: Path, half: Half) -> list[NDArray[np.uint8]]:
    """Frames of one half of a clip: the first half for development, the second for the test."""
    clip = cv2.VideoCapture(str(path))
    frames = list(_frames(clip))
    clip.release()
    middle = len(frames) // 2
    return frames[:middle] if half is Half.DEVELOPMENT else frames[middle:]


def _frames(clip: cv2.VideoCapture) -> Iterator[NDArray[np.uint8]]:
    number = 0
    while number < _MOST_FRAMES * _FRAME_STRIDE:
        there, frame = clip.read()
        if not there or frame is None:
            return
        if number % _FRAME_STRIDE == 0:
            yield np.ascontiguousarray(frame[..., ::-1]).astype(np.uint8)
        number += 1


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for kind in ("*.jpg", "*.png") for path in folder.rglob(kind))


def _half(shared: Path, path: Path) -> Half:
    return _half_of(path.relative_to(shared).as_posix())


def _half_of(name: str) -> Half:
    return Half(hashlib.sha256(name.encode()).digest()[0] % 2)


def _groups_by_name(shared: Path, half: Half) -> list[tuple[Path, ...]]:
    """Pictures whose names differ in their number only: stereo pairs, series of one place."""
    groups: dict[str, list[Path]] = {}
    for path in _pictures(shared / "boofcv_photos"):
        stem = path.stem.rstrip("0123456789_").removesuffix("_left").removesuffix("_right")
        groups.setdefault(stem, []).append(path)
    return [
        tuple(group)
        for stem, group in sorted(groups.items())
        if len(group) > 1 and _half_of(stem) is half
    ]


def _groups_by_folder(shared: Path, half: Half) -> list[tuple[Path, ...]]:
    groups = []
    for folder in (shared / name for name in _SUBJECTS):
        for product in sorted(folder.glob("*/")):
            pictures = _pictures(product)
            if len(pictures) > 1 and _half(shared, product) is half:
                groups.append(tuple(pictures[:12]))
    return groups


def _twins(shared: Path, half: Half) -> list[tuple[Path, ...]]:
    """Catalog pictures of products whose names begin with one word: one brand."""
    groups: dict[str, list[Path]] = {}
    for product in sorted((shared / "grocery" / "catalog").glob("*/")):
        brand = product.name.replace("_", "-").split("-")[0].lower()
        groups.setdefault(brand, []).extend(_pictures(product))
    return [
        tuple(group)
        for brand, group in sorted(groups.items())
        if len(group) > 1 and _half_of(brand) is half
    ]
