"""Picture files of every odd kind, drawn on the spot."""

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = (480, 320)
EXIF_ORIENTATION = 0x0112
TURNED = 6  # the camera was held upright: a quarter turn clockwise makes it so


def scene(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    """Clouds of colour with some shapes: enough for every method to hold on to."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (8, 12, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    paper = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = int(rng.integers(0, size[0])), int(rng.integers(0, size[1]))
        side = int(rng.integers(8, 60))
        paint = "#" + "".join(f"{value:02x}" for value in rng.integers(0, 255, 3))
        paper.rectangle((x, y, x + side, y + side // 2), fill=paint)
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def one_colour() -> bytes:
    """Nothing to be seen."""
    return encoded(Image.new("RGB", SIZE, (90, 120, 160)))


def animated(kind: str = "GIF") -> bytes:
    """Three frames, the first of which counts."""
    file = io.BytesIO()
    frames = [scene(seed).quantize(64) for seed in (1, 2, 3)]
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


def printed() -> bytes:
    """A JPEG in the four inks of a printer."""
    file = io.BytesIO()
    scene().convert("CMYK").save(file, "JPEG", quality=95)
    return file.getvalue()


def deep() -> bytes:
    """A grey PNG of 16 bits."""
    grey = np.asarray(scene().convert("L")).astype(np.uint16) * 257
    return encoded(Image.fromarray(grey))


def transparent() -> bytes:
    """A PNG that can be seen through outside a disc."""
    picture = scene()
    alpha = Image.new("L", picture.size, 0)
    ImageDraw.Draw(alpha).ellipse((100, 40, 380, 280), fill=255)
    picture.putalpha(alpha)
    return encoded(picture)


def turned() -> bytes:
    """A JPEG that lies on its side and says so."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = TURNED
    scene().transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def truncated() -> bytes:
    """The first third of a JPEG."""
    whole = encoded(scene(), "JPEG")
    return whole[: len(whole) // 3]


def huge() -> bytes:
    """A PNG that announces 200 megapixels and has none: to decode it is to find it damaged."""
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks = b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (chunk, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + chunks
