"""A catalog's products as training data."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.encodings.encoding import ReferenceCrop
from training.data.catalog_products import ReferencePicture, read_catalog_products
from training.data.prints import draw_family
from training.errors import TrainingError


def look(image: NDArray[np.uint8]) -> ReferencePicture:
    height, width = image.shape[:2]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    mask = np.ones((8, 8), np.bool_)
    return ReferencePicture(ReferenceCrop(corners, width, height, np.eye(3), jpeg.ravel(), mask))


class SmallCatalog:
    """As much of a snapshot as training reads."""

    name = "shop"

    def __init__(self, pictures: Sequence[int]) -> None:
        self.products = {f"p{n}": _Product(f"p{n}", count) for n, count in enumerate(pictures)}

    def encoding(self, encoding_id: str) -> "_Encoding":
        return _Encoding(look(draw_family(int(encoding_id), 1)[0]).crop)


class _Product:
    def __init__(self, product_id: str, pictures: int) -> None:
        self.product_id = product_id
        self.images = [_Image(str(number)) for number in range(pictures)]


class _Image:
    def __init__(self, image_id: str) -> None:
        self.image_id = self.encoding_id = image_id


class _Encoding:
    def __init__(self, crop: ReferenceCrop) -> None:
        self.crop = crop


def test_a_picture_is_held_out_where_three_are_there() -> None:
    one, two, three = read_catalog_products(SmallCatalog([1, 2, 3]))  # type: ignore[arg-type]
    assert (one.held_out, two.held_out) == (None, None)
    assert three.held_out is not None
    assert [len(product.pictures) for product in (one, two, three)] == [1, 2, 2]
    subject = three.pictures[0].subject()
    assert subject.mask is not None
    assert subject.mask.shape == subject.image.shape[:2]


def test_a_catalog_of_one_product_cannot_be_adapted_to() -> None:
    with pytest.raises(TrainingError, match="two at least"):
        read_catalog_products(SmallCatalog([4]))  # type: ignore[arg-type]
