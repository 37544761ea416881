"""The message that sources send."""

import numpy as np
import pytest

from stream.frame import Frame


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))]
)
def test_a_frame_refuses_anything_but_rgb_bytes(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="needs \\(H, W, 3\\) uint8"):
        Frame("camera", 0, 0.0, 0.0, image)
