"""A scene for live measurements: products come before a camera, stay, and go, over and over.

Every frame has its number burnt into a strip at the top, so that whoever sees the picture later
knows when it was taken.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

BITS: Final = 16
CELL: Final = 24  # pixels; survives any encoder
LOOP_S: Final = 20.0
FIRST_S: Final = 1.0  # the first product begins to come in
APART_S: Final = 0.8
SLIDE_S: Final = 0.5
LEAVE_S: Final = 16.0
PRODUCT_SHARE: Final = 0.55  # of the picture's height
SHAKE: Final = 1.5  # pixels, of a product in a hand
_CHECK: Final = 0b1011  # of the number's last four bits, written behind it

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SceneSize:
    """Of the picture and the film.

    Attributes:
        width: pixels.
        height: pixels.
        rate: frames per second.
    """

    width: int = 1280
    height: int = 720
    rate: float = 25.0

    @property
    def frames(self) -> int:
        """Of one loop."""
        return round(LOOP_S * self.rate)


def fully_in_view_s(place: int) -> float:
    """Seconds from a loop's start at which the product at a place has come in wholly."""
    return FIRST_S + APART_S * place + SLIDE_S


def draw_scene(products: Mapping[str, Image], size: SceneSize, seed: int = 0) -> Iterator[Image]:
    """The frames of one loop.

    Args:
        products: (H, W, 3) RGB pictures of their fronts, at most four, by id.
        size: of the film.
        seed: of background and tremor.
    """
    rng = np.random.default_rng(seed)
    background = _shelf(size, rng)
    slot = size.width / max(len(products), 1)
    patches = [_fit_picture(picture, size, slot) for picture in products.values()]
    for number in range(size.frames):
        frame = background.copy()
        for place, patch in enumerate(patches):
            left = _left_edge(place, number / size.rate, slot, patch, size)
            if left is not None:
                _paste(frame, patch, left, size, rng)
        noise = rng.integers(-2, 3, (size.height // 4, size.width // 4, 1), np.int16)
        large = cv2.resize(noise, (size.width, size.height), interpolation=cv2.INTER_NEAREST)
        noisy = np.clip(frame.astype(np.int16) + large[..., None], 0, 255).astype(np.uint8)
        burn_number(noisy, number)
        yield noisy


def burn_number(image: Image, number: int) -> None:
    """Write a number from 0 to 65535 into a picture's top left."""
    check = (number ^ _CHECK) & 15
    for place in range(BITS + 4):
        value = number >> (BITS - 1 - place) if place < BITS else check >> (BITS + 3 - place)
        left = place * CELL
        image[:CELL, left : left + CELL] = 235 if value & 1 else 20


def read_number(image: Image) -> int | None:
    """The number in a picture; None where there is none that can be read."""
    middle, bits = CELL // 2, 0
    if image.shape[0] < CELL or image.shape[1] < CELL * (BITS + 4):
        return None
    for place in range(BITS + 4):
        x = place * CELL + middle
        grey = float(image[middle - 4 : middle + 4, x - 4 : x + 4].mean())
        if 90 < grey < 165:
            return None
        bits = 2 * bits + (grey > 128)
    number, check = bits >> 4, bits & 15
    return number if check == (number ^ _CHECK) & 15 else None


def _shelf(size: SceneSize, rng: np.random.Generator) -> Image:
    """Boards with some grain, so that the camera's stillness can be seen."""
    small = rng.normal(0, 1, (size.height // 24, size.width // 6)).astype(np.float32)
    grain = cv2.resize(small, (size.width, size.height), interpolation=cv2.INTER_CUBIC)
    shade = np.linspace(0.8, 1.1, size.height)[:, None]
    colour = np.array([168, 140, 108])
    return np.clip((colour + 9 * grain[..., None]) * shade[..., None], 0, 255).astype(np.uint8)


def _fit_picture(picture: Image, size: SceneSize, slot: float) -> Image:
    high = PRODUCT_SHARE * size.height
    factor = min(high / picture.shape[0], 0.85 * slot / picture.shape[1])
    shape = (round(picture.shape[1] * factor), round(picture.shape[0] * factor))
    return np.asarray(cv2.resize(picture, shape, interpolation=cv2.INTER_AREA), np.uint8)


def _left_edge(place: int, time: float, slot: float, patch: Image, size: SceneSize) -> float | None:
    """Where the product's left edge is; None while it is out of the picture."""
    home = slot * place + (slot - patch.shape[1]) / 2
    come = min((time - fully_in_view_s(place)) / SLIDE_S, 0.0)
    gone = max((time - LEAVE_S) / SLIDE_S, 0.0)
    left = home - come * (size.width - home) - gone * (home + patch.shape[1])
    return left if -patch.shape[1] < left < size.width else None


def _paste(
    frame: Image, patch: Image, left: float, size: SceneSize, rng: np.random.Generator
) -> None:
    top = 0.55 * size.height - patch.shape[0] / 2
    shake = rng.normal(0, SHAKE / 2, 2)
    motion = np.array([[1, 0, left + shake[0]], [0, 1, top + shake[1]]], np.float64)
    # Pixels outside the patch stay as they are: the frame itself is the border.
    cv2.warpAffine(
        patch,
        motion,
        (size.width, size.height),
        dst=frame,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
