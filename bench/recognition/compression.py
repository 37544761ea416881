"""Pictures after lossy compression."""

import cv2
import numpy as np
from numpy.typing import NDArray


def through_jpeg(image: NDArray[np.floating], quality: int) -> NDArray[np.uint8]:
    """An (H, W, 3) RGB picture after JPEG of that quality; values are cut to 0 to 255."""
    bgr = np.clip(image, 0, 255).astype(np.uint8)[:, :, ::-1]
    _, code = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[:, :, ::-1])
