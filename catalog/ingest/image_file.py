"""Reading image files that people give, whatever is in them."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.errors import PictureError
from catalog.ingest.decode import jpeg, png, tiff
from catalog.ingest.decode.damage import DAMAGE
from catalog.ingest.decode.kinds import foreign_kind
from catalog.ingest.decode.upright import upright_rgb
from catalog.records.kept import KeptChoice

# Pixels: smaller shows nothing; larger is no photo, and takes 200 MB decoded.
SMALLEST_SIDE: Final = 16
MOST_PIXELS: Final = 64_000_000
# Bytes: 64 megapixels in 16 bits without any compression; a larger file is not read.
LARGEST_FILE: Final = 400_000_000

# Formats that need no other program to be decoded, and the extension each is stored under.
EXTENSIONS: Final = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "AVIF": "avif",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tif",
    "PPM": "ppm",
}

# A camera's MPO, several JPEG pictures in one file, is opened as JPEG.
_OPENED: Final = tuple(kind for kind in EXTENSIONS if kind != "MPO")
_JPEGS: Final = ("JPEG", "MPO")
# How the formats begin whose notes Pillow might stumble over, and what leaves them out.
_WITHOUT_NOTES: Final[tuple[tuple[bytes, Callable[[bytes], bytes]], ...]] = (
    (png.SIGNATURE, png.without_notes),
    (jpeg.SIGNATURE, jpeg.without_notes),
    (tiff.LITTLE_ENDIAN, tiff.without_notes),
    (tiff.BIG_ENDIAN, tiff.without_notes),
)

_BOMB: Final = (Image.DecompressionBombError, Image.DecompressionBombWarning)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file that someone gives.

    Attributes:
        name: the file's name, for people.
        content: the whole file, or what reads it: large ones stay on the disk until their turn.
        choice: what to keep of a reference picture; None to find that out.
    """

    name: str
    content: bytes | Callable[[], bytes]
    choice: KeptChoice | None = None

    @property
    def data(self) -> bytes:
        """The whole file; it may be read anew each time."""
        return self.content if isinstance(self.content, bytes) else self.content()


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A decoded image file.

    Attributes:
        image: (H, W, 3) uint8, RGB, upright.
        extension: of the file's real format, lower case, without a dot.
    """

    image: NDArray[np.uint8]
    extension: str


def read_image(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode an image file.

    EXIF rotation is applied, colours are brought to sRGB by what the file says of them; 16-bit,
    grey and palette pictures are converted, transparency is laid on white, and of an animation the
    first frame is taken. Notes beside the pixels are ignored, however large or damaged they are.

    Args:
        data: the file.
        name: the file's name, for the message.

    Returns:
        (H, W, 3) uint8, RGB, upright.

    Raises:
        PictureError: the file is empty, lacks rows, no picture, under 16 pixels on a side, or over
            64 megapixels (checked before any pixel is decoded).
    """
    return decode_image(data, name).image


def decode_image(data: bytes, name: str) -> DecodedImage:
    """Decode an image file as `read_image` does, and return its format too.

    Raises:
        PictureError: as `read_image`.
    """
    if not data:
        raise PictureError(f"{name} is empty (0 bytes); give a picture file", name)
    # Pillow warns of large images, which are refused below, and of damaged metadata, which is not
    # needed; the user need see neither.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        return _decoded(data, name)


def _decoded(data: bytes, name: str) -> DecodedImage:
    try:
        return _decoded_at_once(data, name)
    except DAMAGE as error:
        mended = _mended(data)
        if mended not in (None, data):
            return _decoded(mended, name)
        raise PictureError(
            f"{name} is damaged or cut off and cannot be decoded ({_one_line(error)}); "
            "save it again",
            name,
        ) from error
    except MemoryError as error:
        message = f"{name} needs more memory than there is; make it smaller"
        raise PictureError(message, name) from error


def _decoded_at_once(data: bytes, name: str) -> DecodedImage:
    with _open(data, name) as opened:
        check_size(opened.size[0], opened.size[1], name)
        picture = upright_rgb(opened, data)
        if opened.format in _JPEGS and jpeg.may_lack_rows(opened) and jpeg.lacks_rows(data):
            raise PictureError(f"{name} lacks rows: it was cut off; save or copy it again", name)
        extension = EXTENSIONS[opened.format or "PNG"]
        return DecodedImage(np.array(picture, dtype=np.uint8), extension)


def _mended(data: bytes) -> bytes | None:
    """Return a file that lacks nothing but its end marker with one."""
    try:
        return jpeg.with_end_marker(data) if data.startswith(jpeg.SIGNATURE) else None
    except DAMAGE:
        return None


def _open(data: bytes, name: str) -> Image.Image:
    try:
        return Image.open(BytesIO(_without_notes(data)), formats=_OPENED)
    except _BOMB as error:
        raise PictureError(_too_large(name), name) from error
    except DAMAGE as error:
        raise PictureError(f"{name} {foreign_kind(data)}", name) from error


def _without_notes(data: bytes) -> bytes:
    leaves_out = (without for mark, without in _WITHOUT_NOTES if data.startswith(mark))
    return next(leaves_out, bytes)(data)


def check_size(width: int, height: int, name: str) -> None:
    """Accept a picture of that size in pixels.

    Raises:
        PictureError: it is too small to show anything, or too large.
    """
    if width * height > MOST_PIXELS:
        raise PictureError(_too_large(name, f"{width}x{height} pixels"), name)
    if min(width, height) < SMALLEST_SIDE:
        raise PictureError(
            f"{name} is too small ({width}x{height} pixels); "
            f"each side needs at least {SMALLEST_SIDE}",
            name,
        )


def _too_large(name: str, size: str = "over 178 megapixels") -> str:
    return f"{name} is too large ({size}); make it at most {MOST_PIXELS // 1_000_000} megapixels"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
