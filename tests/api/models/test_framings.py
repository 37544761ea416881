import numpy as np
import pytest
from numpy.typing import NDArray

from api.models.framings import WHOLE, KeptFramings
from matcher.crops.thumbnail.aspect import AspectError
from matcher.crops.thumbnail.faces import FoundFace
from matcher.crops.thumbnail.framer import ThumbnailFramer
from matcher.errors import WeightsError
from matcher.imaging.box import Box


def picture() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (400, 800, 3)).astype(np.uint8)


class CountedPicture:
    """Gives a picture, and counts how often."""

    def __init__(self) -> None:
        self.read = 0

    def __call__(self) -> NDArray[np.uint8]:
        self.read += 1
        return picture()


class WideFace:
    """Sees a face that no square of the picture holds."""

    def find(self, image: NDArray[np.uint8]) -> tuple[FoundFace, ...]:
        height, width = image.shape[:2]
        return (FoundFace(Box(0.1 * width, 0.1 * height, 0.9 * width, 0.9 * height), 0.9),)


def no_framer() -> ThumbnailFramer:
    raise WeightsError("the weights are missing.")


def test_a_crop_is_framed_at_its_first_use_and_kept() -> None:
    framings, source = KeptFramings(ThumbnailFramer), CountedPicture()
    crop = framings.crop("a", source, "1:1")
    assert (crop.width * 800, crop.height * 400) == pytest.approx((400, 400), abs=1.5)
    assert framings.crop("a", source, "1:1") == crop
    assert source.read == 1
    framings.crop("a", source, "16:9")
    framings.crop("b", source, "1:1")
    assert source.read == 3


def test_the_crop_that_was_not_used_for_longest_is_dropped() -> None:
    framings, source = KeptFramings(ThumbnailFramer, most=2), CountedPicture()
    for name in ("a", "b", "a", "c", "a"):
        framings.crop(name, source, "1:1")
    assert source.read == 3
    framings.crop("b", source, "1:1")
    assert source.read == 4


def test_a_picture_whose_face_would_be_cut_stays_whole() -> None:
    framings = KeptFramings(lambda: ThumbnailFramer(WideFace()))
    assert framings.crop("a", picture, "1:1") == WHOLE


def test_without_the_networks_a_picture_stays_whole() -> None:
    assert KeptFramings(no_framer).crop("a", picture, "1:1") == WHOLE


def test_an_aspect_that_is_none_is_refused() -> None:
    with pytest.raises(AspectError):
        KeptFramings(ThumbnailFramer).crop("a", picture, "square")


def test_a_square_is_that_of_the_same_pixels() -> None:
    framings = KeptFramings(ThumbnailFramer)
    square = framings.square(picture())
    assert (square.width * 800, square.height * 400) == pytest.approx((400, 400), abs=1.5)
    assert framings.square(picture()) == square
