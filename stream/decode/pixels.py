"""Converts decoded pictures to upright RGB arrays; nothing else knows about pixel formats."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from stream.decode.colour_matrix import colour_matrix
from stream.decode.colour_table import colour_table
from stream.decode.pixel_shape import PixelShape
from stream.decode.tone_map import TABLE_FORMAT, ToneMap
from stream.decode.upright import display_matrix, turn_upright
from stream.errors import SourceError

TABLE_SIZE: Final = 33  # entries per axis: within half a level of the formulas, on average
OPAQUE: Final = 255  # levels of alpha, and of white


@dataclass(frozen=True, slots=True)
class _Kind:
    """The properties that decide how a picture is converted."""

    format: str
    transfer: int
    primaries: int
    width: int
    height: int


class RgbConverter:
    """Converts frames of one stream; keeps scaler and tables between frames.

    The one way from decoded pictures to frames, for files, cameras and publishers alike. Colours
    become those of a standard screen, whatever matrix, range, primaries and transfer function the
    picture declares; what is transparent is laid on white, as in photos.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._matrix: NDArray[np.int32] | None = None
        self._rotation: int | None = None
        self._kind: _Kind | None = None
        self._tone_map: ToneMap | None = None
        self._has_alpha = False

    def convert(self, frame: VideoFrame, shape: PixelShape) -> NDArray[np.uint8]:
        """Return the picture as (H, W, 3) uint8 RGB, contiguous, upright, with square pixels.

        Raises:
            stream.errors.SourceError: it cannot be converted; the text is a clause about "it".
        """
        try:
            return self._convert(frame, shape)
        except (FFmpegError, ValueError) as error:
            kind = frame.format.name
            raise SourceError(f"its pictures ({kind}) cannot be converted to RGB") from error

    def _convert(self, frame: VideoFrame, shape: PixelShape) -> NDArray[np.uint8]:
        width = max(round(frame.width * shape.aspect), 1)
        is_field = shape.comes_in_fields and frame.interlaced_frame
        height = frame.height * 2 if is_field else frame.height
        self._prepare(frame, width, height)
        picture = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format=self._target_format,
            src_colorspace=colour_matrix(frame),
            threads=1,
        )
        return turn_upright(self._image(picture), self._display(frame))

    @property
    def _target_format(self) -> str:
        if self._tone_map is not None:
            return TABLE_FORMAT
        return "rgba" if self._has_alpha else "rgb24"

    def _image(self, picture: VideoFrame) -> NDArray[np.uint8]:
        if self._tone_map is not None:
            return self._tone_map.apply(picture)
        image = np.asarray(picture.to_ndarray(), np.uint8)
        return lay_on_white(image) if self._has_alpha else image

    def _prepare(self, frame: VideoFrame, width: int, height: int) -> None:
        """Make what the picture needs, unless the last one was of the same kind."""
        kind = _Kind(frame.format.name, frame.color_trc, frame.color_primaries, width, height)
        if kind == self._kind:
            return
        table = colour_table(kind.transfer, kind.primaries, TABLE_SIZE)
        self._tone_map = None if table is None else ToneMap(table, width, height)
        self._has_alpha = _has_alpha(frame)
        self._kind = kind

    def _display(self, frame: VideoFrame) -> NDArray[np.int32] | None:
        """The display matrix, read again only when the rotation changes.

        Reading a frame's side data ties it into a reference cycle, so that frames would pile up by
        the hundred until the next garbage collection.
        """
        if frame.rotation != self._rotation:
            self._rotation = frame.rotation
            self._matrix = display_matrix(frame)
        return self._matrix


def lay_on_white(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) of an (H, W, 4) picture whose last channel says how opaque it is."""
    colours = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGBA2RGB), np.uint8)
    alpha = image[:, :, 3]
    if alpha.min() == OPAQUE:
        return colours
    # What a colour lacks of white, the opaque share of it; exactly white where nothing is opaque.
    darkness = cv2.multiply(OPAQUE - colours, cv2.merge([alpha] * 3), scale=1 / OPAQUE)
    return np.asarray(OPAQUE - darkness, np.uint8)


def _has_alpha(frame: VideoFrame) -> bool:
    is_alpha = any(component.is_alpha for component in frame.format.components)
    return is_alpha or frame.format.has_palette
