"""The newest annotated picture of a session."""

import cv2
import numpy as np

from stream.webrtc.preview import Preview
from stream.webrtc.whep import fit_width


def test_nothing_is_shown_before_the_first_picture() -> None:
    preview = Preview()
    assert preview.picture() is None
    assert preview.snapshot() is None


def test_a_picture_is_drawn_once_and_only_when_somebody_looks() -> None:
    preview, drawn = Preview(), list[int]()

    def draw(number: int) -> np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]:
        drawn.append(number)
        return np.full((4, 4, 3), number, np.uint8)

    preview.show(lambda: draw(1))
    preview.show(lambda: draw(2))
    assert drawn == []
    for _ in range(2):
        picture = preview.picture()
        assert picture is not None
        assert picture[0, 0, 0] == 2
    assert drawn == [2]
    assert preview.number == 2


def test_a_snapshot_is_a_jpeg_in_the_right_colours() -> None:
    preview = Preview()
    preview.show(lambda: np.full((40, 60, 3), (200, 30, 10), np.uint8))
    snapshot = preview.snapshot()
    assert snapshot is not None
    image = cv2.imdecode(np.frombuffer(snapshot, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert np.abs(image[20, 30].astype(int) - (10, 30, 200)).max() < 12


def test_pictures_are_made_small_and_even() -> None:
    def shape(width: int, height: int) -> tuple[int, ...]:
        return fit_width(np.zeros((height, width, 3), np.uint8), 1280).shape[:2]

    assert shape(640, 360) == (360, 640)
    assert shape(641, 361) == (360, 640)
    assert shape(2560, 1440) == (720, 1280)
    assert shape(1, 1) == (2, 2)
