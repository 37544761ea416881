"""Recognition data in miniature."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.bench.scenery import printed, write_picture


@pytest.fixture
def recognition_data(tmp_path: Path) -> Path:
    """Three products with one reference and four photos each, and four photos of nothing."""
    data = tmp_path / "data"
    for product in range(3):
        reference = printed(product)
        write_picture(data / "catalog" / f"p{product}" / "iconic.png", reference)
        for shot in range(4):
            turned = cv2.warpAffine(
                reference,
                cv2.getRotationMatrix2D((60, 80), 6.0 * shot - 9, 0.8),
                (140, 180),
                borderValue=(90, 90, 90),
            ).astype(np.uint8)
            write_picture(data / "queries" / f"p{product}" / f"{shot}.png", turned)
    for shot in range(4):
        write_picture(data / "queries" / "_unknown" / f"{shot}.png", printed(100 + shot))
    return data
