import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.crops.thumbnail.faces import FaceCascade, FaceSettings
from matcher.networks.runtime import Array


class BrightProposals:
    """Stands for the first net: a place is a face when its cell is bright."""

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        (image,) = inputs
        across, down = image.shape[1] - 12, image.shape[2] - 12
        chances = np.zeros((1, across // 2 + 1, down // 2 + 1, 2), np.float32)
        for x in range(chances.shape[1]):
            for y in range(chances.shape[2]):
                cell = image[0, 2 * x : 2 * x + 12, 2 * y : 2 * y + 12]
                chances[0, x, y, 1] = np.clip(cell.mean() + 0.05, 0, 1)
        return np.zeros((*chances.shape[:3], 4), np.float32), chances


class BrightSquares:
    """Stands for the other nets: a square is as sure as it is bright."""

    def __call__(self, *inputs: Array) -> tuple[NDArray[np.float32], ...]:
        bright = np.clip(inputs[0].astype(np.float32).mean(axis=(1, 2, 3)), 0, 1)
        chances = np.stack([1 - bright, bright], axis=1).astype(np.float32)
        return np.zeros((len(bright), 4), np.float32), chances


def cascade() -> FaceCascade:
    settings = FaceSettings(smallest=20, proposed=0.8, refined=0.8, judged=0.8)
    return FaceCascade(BrightProposals(), BrightSquares(), BrightSquares(), settings)


def test_what_the_nets_take_for_a_face_is_found_where_it_is() -> None:
    image = np.zeros((100, 160, 3), np.uint8)
    image[30:70, 90:130] = 255
    faces = cascade().find(image)
    assert faces
    box = faces[0].box
    assert 0.8 < faces[0].confidence <= 1
    assert 85 <= (box.left + box.right) / 2 - 25 + 25 <= 135
    assert 25 <= (box.top + box.bottom) / 2 <= 75


@pytest.mark.parametrize(("height", "width"), [(1, 1), (11, 300), (19, 19), (64, 48)])
def test_a_picture_without_faces_has_none(height: int, width: int) -> None:
    assert cascade().find(np.zeros((height, width, 3), np.uint8)) == ()


def test_boxes_stay_inside_the_picture() -> None:
    for face in cascade().find(np.full((60, 60, 3), 255, np.uint8)):
        assert face.box == face.box.clipped(60, 60)


def test_a_large_picture_is_looked_at_reduced_and_answered_in_its_own_pixels() -> None:
    image = np.zeros((1000, 1600, 3), np.uint8)
    image[300:700, 900:1300] = 255
    settings = FaceSettings(20, 160, proposed=0.8, refined=0.8, judged=0.8)
    found = FaceCascade(BrightProposals(), BrightSquares(), BrightSquares(), settings).find(image)
    middle = (found[0].box.left + found[0].box.right) / 2
    assert 900 <= middle <= 1300
