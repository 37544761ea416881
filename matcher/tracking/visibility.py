"""How well a track shows in a frame, and how long it will stay in the picture."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.imaging.box import Box
from matcher.imaging.optical_flow import edge_strength
from matcher.tracking.tracker import Track

NEVER_S: Final = 1e9  # seconds; longer than any source lasts
HALF_SHARP: Final = 8.0  # grey levels of edge strength at which a view counts half
STANDSTILL: Final = 1e-6  # pixels per second; slower things do not leave


def seconds_in_view(track: Track, pan: tuple[float, ...], width: int, height: int) -> float:
    """Return the seconds until a track's centre is out of a picture of that size in pixels.

    `pan` is the speed of the scene across the picture, (2,) pixels per second.
    """
    box, seconds = track.box, NEVER_S
    centre = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    for place, size, own_speed, scene_speed in zip(
        centre, (width, height), track.motion.velocity, pan, strict=True
    ):
        speed = own_speed + scene_speed
        way = size - place if speed > 0 else place
        seconds = min(seconds, max(way, 0.0) / max(abs(speed), STANDSTILL))
    return seconds


def view_quality(track: Track, grey: NDArray[np.uint8] | None, width: int, height: int) -> float:
    """Return how well a track shows: larger, sharper and wholly in the picture is better.

    Comparable within one track only. `grey` is the present frame, reduced from that size.
    """
    visible = track.box.clipped(width, height)
    if grey is None or visible.area <= 0:
        return 0.0
    shrink = grey.shape[1] / width
    small = Box(*(shrink * side for side in (visible.left, visible.top,
                                             visible.right, visible.bottom)))  # fmt: skip
    sharp = edge_strength(small.crop(grey))
    size = float(np.sqrt(visible.area))
    return size * visible.area / track.box.area * sharp / (sharp + HALF_SHARP)
