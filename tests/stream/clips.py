"""Clips made with PyAV, so that what is in them is known."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

TICKS = Fraction(1, 1000)


class MakeClip(Protocol):
    """Writes a clip of a name into the test's folder."""

    def __call__(self, name: str = "clip.mp4", **options: Any) -> Path:
        """Write the clip; `write_clip` has the options."""
        ...


def numbered_picture(number: int, width: int, height: int) -> NDArray[np.uint8]:
    """A still texture whose left half shows the number as its brightness."""
    columns = np.arange(width) * 255 // max(width, 1)
    image = np.repeat(np.tile(columns.astype(np.uint8), (height, 1))[:, :, None], 3, axis=2)
    image[:, : width // 2] = number % 32 * 8
    return image


def write_clip(
    path: Path,
    *,
    times_ms: Sequence[int] = tuple(range(0, 1000, 40)),
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    options: Mapping[str, str] | None = None,
    container_options: Mapping[str, str] | None = None,
    rotation: float | None = None,
    pictures: Sequence[NDArray[np.uint8]] | None = None,
) -> Path:
    """Write a clip with a frame at each time; frame i shows i unless pictures are given."""
    with av.open(str(path), mode="w", options=dict(container_options or {})) as container:
        stream = container.add_stream(codec, rate=25, options=dict(options or {}))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "rgb8" if codec == "gif" else "yuv420p"
        if codec not in ("gif", "mpeg4"):
            stream.codec_context.time_base = TICKS
        if rotation is not None:
            stream.set_display_rotation(rotation)
        for number, time_ms in enumerate(times_ms):
            image = pictures[number] if pictures else numbered_picture(number, *size)
            frame = VideoFrame.from_ndarray(image, "rgb24").reformat(format=stream.pix_fmt)
            frame.time_base = TICKS
            frame.pts = time_ms
            if codec in ("gif", "mpeg4"):
                frame.time_base, frame.pts = Fraction(1, 25), number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
