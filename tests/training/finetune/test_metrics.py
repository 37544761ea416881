"""Validation of an embedder on a catalog's products."""

import cv2
import numpy as np
from numpy.typing import NDArray

from catalog.encodings.encoding import ReferenceCrop
from matcher.retrieval.untrained import ColourEmbedder
from training.data.backgrounds import draw_backgrounds
from training.data.catalog_products import CatalogProduct, ReferencePicture
from training.data.prints import draw_family
from training.finetune.metrics import EmbedderEvaluation, find_nearest_others

EMBED = ColourEmbedder().embed


def look(image: NDArray[np.uint8]) -> ReferencePicture:
    height, width = image.shape[:2]
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    mask = np.ones((8, 8), np.bool_)
    return ReferencePicture(ReferenceCrop(corners, width, height, np.eye(3), jpeg.ravel(), mask))


def products(families: int = 3, *, held_out: bool = False) -> tuple[CatalogProduct, ...]:
    """Families of two near-twins."""
    return tuple(
        CatalogProduct(f"p{seed}-{number}", (look(image),), look(image) if held_out else None)
        for seed in range(families)
        for number, image in enumerate(draw_family(seed, 2))
    )


def test_the_nearest_other_product_is_the_twin() -> None:
    assert find_nearest_others(products(), EMBED).tolist() == [1, 0, 3, 2, 5, 4]


def test_figures_are_shares_and_the_same_for_the_same_seed() -> None:
    own, places = products(held_out=True), draw_backgrounds(8, 0)
    twins = find_nearest_others(own, EMBED)
    first, again = (EmbedderEvaluation(own, twins, places, 32, 5).measure(EMBED) for _ in range(2))
    assert first == again
    assert first["pictures_top1"] == 1.0
    assert 0 < first["views_top1"] <= first["views_top5"] <= 1
    assert first["views_top1"] <= first["twins"] <= 1
    assert 0 < first["others_top1"] <= 1


def test_without_held_out_pictures_there_are_no_figures_of_them() -> None:
    own = products()
    figures = EmbedderEvaluation(
        own, find_nearest_others(own, EMBED), draw_backgrounds(4, 0), 32, 0
    ).measure(EMBED)
    assert not [name for name in figures if name.startswith("pictures")]
