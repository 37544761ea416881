"""Photos of cartons aligned with their references."""

from pathlib import Path

import pytest

from matcher.keypoints.rootsift import RootSift, read_basis
from tests.training.miniature import HELD_OUT
from training.data.aligned_photos import align_photos
from training.data.sources import TrainingData

WEIGHTS = Path(__file__).parents[3] / "weights"


pytestmark = pytest.mark.usefixtures("one_thread")


def front_end() -> RootSift:
    return RootSift(read_basis(WEIGHTS / "rootsift.safetensors"))


def test_photos_of_a_carton_are_found_on_its_references(tiny_data: Path) -> None:
    data = TrainingData.open(tiny_data)
    found = align_photos(data, front_end(), held_out=True, twins=True)
    own = [photo for photo in found if photo.reference == photo.product]
    assert {photo.product for photo in found} == set(HELD_OUT)
    assert own
    assert all(
        photo.trusted.any() and not (photo.trusted & ~photo.view.mask).any() for photo in own
    )
