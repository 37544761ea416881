"""One decoded picture with its source, index and time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture.

    Attributes:
        source_id: which source it came from.
        index: number of the frame in its source, from 0, without gaps for a file.
        media_time: seconds since the source's first frame, from presentation timestamps.
        captured_at: seconds; when the picture left its source, as well as that can be known.
            For a file this is `media_time`.
        image: (H, W, 3) uint8, RGB, upright (rotation metadata already applied).
    """

    source_id: str
    index: int
    media_time: float
    captured_at: float
    image: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Check shape and type of the image.

        Raises:
            ValueError: the image is not (H, W, 3) uint8.
        """
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(
                f"a frame needs (H, W, 3) uint8, got {self.image.shape} {self.image.dtype}"
            )
