"""The shape of a film's pixels, which may change while it plays."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

from av.container import Container
from av.format import Flags
from av.video.stream import VideoStream

# Width by height of one pixel; real formats stay below 2.3, what is beyond this is a broken header.
MAX_PIXEL_ASPECT: Final = 4
# Its interlaced pictures come field by field out of FFmpeg, others as whole pictures.
CODEC_OF_SINGLE_FIELDS: Final = "hevc"


@dataclass(frozen=True, slots=True)
class PixelShape:
    """How decoded pixels lie in the picture.

    Attributes:
        aspect: width by height of one pixel.
        comes_in_fields: whether a picture that is flagged as interlaced is one field, with every
            second line left out, rather than two fields in one.
    """

    aspect: Fraction = Fraction(1)
    comes_in_fields: bool = False


def pixel_shape(track: VideoStream) -> PixelShape:
    """Return the shape of the pixels of the picture that was just decoded.

    What the container declares counts; those of broadcasts leave it to the pictures, which change
    between 4:3 and 16:9.
    """
    decoder = track.codec_context
    is_declared_in_pictures = is_broadcast(track.container)
    aspect = decoder.sample_aspect_ratio if is_declared_in_pictures else track.sample_aspect_ratio
    return PixelShape(_plausible(aspect), decoder.name == CODEC_OF_SINGLE_FIELDS)


def is_broadcast(container: Container) -> bool:
    """Whether a container is a broadcast's (MPEG-TS, MPEG-PS), made to be cut and joined."""
    return bool(container.format.flags & cast(int, Flags.ts_discont.value))


def _plausible(aspect: Fraction | None) -> Fraction:
    if not aspect or not Fraction(1, MAX_PIXEL_ASPECT) <= aspect <= MAX_PIXEL_ASPECT:
        return Fraction(1)
    return aspect
