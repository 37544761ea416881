"""Pictures and clips of the fixtures, the same wherever they are made."""

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.catalog.support.fakes import pixels
from tests.golden.program import MODIFIED_S
from tests.stream.clips import write_clip


def draw_plain(folder: Path) -> None:
    """Four pictures of coloured blocks, and a clip of ten seconds that shows two of them."""
    for name, seed in (("tea", 1), ("milk", 2), ("rice", 3), ("oats", 4)):
        Image.fromarray(pixels(seed, 64, 48)).save(folder / f"{name}.png")
    pictures = [pixels(1, 64, 48)] * 40 + [pixels(2, 64, 48)] * 60
    write_clip(
        folder / "clip.mp4", pictures=pictures, times_ms=range(0, 10_000, 100),
        options={"crf": "1"},
    )  # fmt: skip
    pictures = [pixels(1, 64, 48)] * 25
    write_clip(
        folder / "short.mp4", pictures=pictures, times_ms=range(0, 1000, 40), options={"crf": "1"}
    )
    os.utime(folder / "clip.mp4", (MODIFIED_S, MODIFIED_S))


def draw_cartons(folder: Path) -> None:
    """Pictures of two cartons, a photo of both on a table, and a clip past which one is carried."""
    for name in ("mint", "plum"):
        Image.fromarray(carton(name)).save(folder / f"{name}.jpg", quality=85)
    photo = table(480, 360)
    place(photo, shrunk("mint", 130, 190), 40, 90)
    place(photo, shrunk("plum", 140, 205), 280, 80)
    Image.fromarray(photo).save(folder / "photo.jpg", quality=90)
    small = shrunk("mint", 110, 160)
    frames = []
    for number in range(40):
        frame = table(320, 240)
        place(frame, small, 20 + 4 * number, 40)
        frames.append(frame)
    write_clip(
        folder / "clip.mp4", pictures=frames, times_ms=range(0, 8000, 200), size=(320, 240),
        options={"crf": "22"},
    )  # fmt: skip
    write_clip(
        folder / "short.mp4", pictures=frames[:20], times_ms=range(0, 2000, 100), size=(320, 240),
        options={"crf": "22"},
    )  # fmt: skip
    os.utime(folder / "clip.mp4", (MODIFIED_S, MODIFIED_S))


def carton(name: str) -> NDArray[np.uint8]:
    """(320, 220, 3) a front with a pattern of its own."""
    rng = np.random.default_rng(list(name.encode()))
    ground = rng.integers(60, 220, (1, 1, 3), np.uint8)
    front = np.broadcast_to(ground, (320, 220, 3)).copy()
    for _ in range(60):
        colour = tuple(int(part) for part in rng.integers(0, 256, 3))
        x, y = (int(rng.integers(0, 220)), int(rng.integers(0, 320)))
        if rng.random() < 0.5:
            cv2.circle(front, (x, y), int(rng.integers(4, 28)), colour, -1, cv2.LINE_AA)
        else:
            other = (x + int(rng.integers(-40, 40)), y + int(rng.integers(-40, 40)))
            cv2.line(front, (x, y), other, colour, int(rng.integers(2, 7)), cv2.LINE_AA)
    cv2.putText(front, name, (20, 180), cv2.FONT_HERSHEY_DUPLEX, 2.4, (250, 250, 250), 4)
    return front


def shrunk(name: str, width: int, height: int) -> NDArray[np.uint8]:
    """A carton's front, farther away."""
    small = cv2.resize(carton(name), (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8)


def table(width: int, height: int) -> NDArray[np.uint8]:
    """A grey table, lit from one side."""
    light = np.linspace(90, 150, width).astype(np.uint8)
    return np.repeat(np.tile(light, (height, 1))[:, :, None], 3, axis=2)


def place(scene: NDArray[np.uint8], thing: NDArray[np.uint8], left: int, top: int) -> None:
    """Put a picture into a scene."""
    height, width = thing.shape[:2]
    scene[top : top + height, left : left + width] = thing
