"""Input for the page: rendered products, a photo of some, and a clip of a hand-held one."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from training.render.shop import draw_catalog_pictures, make_products

SIZE = (960, 540)
RATE = 15
SECONDS = 6


@dataclass(frozen=True)
class Dropped:
    """A file as it is dropped on the page."""

    name: str
    data: bytes
    kind: str = "image/png"


@dataclass(frozen=True)
class Good:
    """A product with its pictures."""

    product_id: str
    name: str
    pictures: tuple[NDArray[np.uint8], ...]

    @property
    def files(self) -> tuple[Dropped, ...]:
        """Its pictures, named as a person would."""
        return tuple(
            Dropped(f"{self.name.replace(' ', '_')}-{number}.png", png(picture))
            for number, picture in enumerate(self.pictures, start=1)
        )


@dataclass(frozen=True)
class Scenery:
    """Everything, made once.

    Attributes:
        goods: two of each pair of near-twins.
        photo: of the first and the third.
        camera: Motion JPEG of the third, for a made-up camera.
        clip: the same as MP4.
    """

    goods: tuple[Good, ...]
    photo: Dropped
    camera: Path
    clip: Dropped


def make_scenery(folder: Path) -> Scenery:
    """Render it all; takes some seconds."""
    goods = tuple(
        Good(
            product.product_id,
            product.name,
            tuple(picture.image for picture in draw_catalog_pictures(product)),
        )
        for product in make_products(20)[:4]
    )
    photo = scene([(goods[0], (260, 280), -5.0), (goods[2], (660, 270), 4.0)])
    frames = [_moment(goods[2], number / RATE) for number in range(RATE * SECONDS)]
    camera, clip = folder / "camera.mjpeg", folder / "clip.mp4"
    write(camera, frames, "mjpeg", "yuvj420p")
    write(clip, frames, "libx264", "yuv420p")
    return Scenery(
        goods,
        Dropped("photo.png", png(photo)),
        camera,
        Dropped("aisle.mp4", clip.read_bytes(), "video/mp4"),
    )


def scene(things: Sequence[tuple[Good, tuple[float, float], float]]) -> NDArray[np.uint8]:
    """Fronts of products in front of a wall: where their middle is, and turned by degrees."""
    rng = np.random.default_rng(3)
    shade = np.linspace(150, 185, SIZE[1])[:, None, None]
    wall = np.clip(shade + rng.normal(0, 2, (SIZE[1], SIZE[0], 3)), 0, 255).astype(np.uint8)
    picture = Image.fromarray(wall)
    for good, (x, y), degrees in things:
        front = Image.fromarray(good.pictures[0])
        front = front.resize((round(front.width * 360 / front.height), 360))
        mask = Image.new("L", front.size, 255).rotate(degrees, expand=True)
        front = front.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
        picture.paste(front, (round(x - front.width / 2), round(y - front.height / 2)), mask)
    return np.asarray(picture)


def png(picture: NDArray[np.uint8]) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def write(path: Path, frames: Sequence[NDArray[np.uint8]], codec: str, pixels: str) -> None:
    """A clip of these frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = pixels
        for number, frame in enumerate(frames):
            picture = VideoFrame.from_ndarray(frame, "rgb24")
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def _moment(good: Good, time: float) -> NDArray[np.uint8]:
    place = (480 + 60 * math.sin(time * 0.8), 275 + 12 * math.sin(time * 1.4))
    return scene([(good, place, 4 * math.sin(time))])
