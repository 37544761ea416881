"""Backgrounds of a folder, and drawn ones."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.data.backgrounds import draw_backgrounds, read_backgrounds
from training.errors import TrainingError


def test_places_come_from_a_folder_or_are_drawn(tmp_path: Path) -> None:
    drawn = draw_backgrounds(8, 1)
    assert all(place.shape == (256, 256, 3) for place in drawn)
    assert all(np.array_equal(*pair) for pair in zip(drawn, draw_backgrounds(8, 1), strict=True))
    with pytest.raises(TrainingError, match="no picture"):
        read_backgrounds(tmp_path, 4)
    with pytest.raises(TrainingError, match="no folder"):
        read_backgrounds(tmp_path / "missing", 4)
    for number, place in enumerate(drawn[:3]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), place)
    assert len(read_backgrounds(tmp_path, 2)) == 2
