from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from matcher.retrieval.multi_crop import cut_crops, embed_multi_crop
from matcher.retrieval.untrained import ColourEmbedder
from tests.matcher.prints import Image, flat

LIKENESS = 0.6
WHOLE = np.array([1, 0, 0], np.float32)
MIRRORED = np.array([0, 0, 1], np.float32)


def pile(seed: int, side: int = 300) -> Image:
    """Balls of one kind, lit from the left."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side, 3), (40, 70, 20), np.uint8)
    for x, y in rng.integers(0, side, (400, 2)).tolist():
        cv2.circle(image, (x, y), 18, (120, 150, 60), -1)
        cv2.circle(image, (x - 6, y - 4), 6, (220, 230, 190), -1)
    return image


def embedding_parts_as(cosine: float) -> "Embedding":
    return Embedding(np.array([cosine, np.sqrt(1 - cosine**2), 0], np.float32))


class Embedding:
    """Knows the whole, the mirrored picture and parts, which it finds all the same."""

    def __init__(self, part: NDArray[np.float32]) -> None:
        self.part = part

    def __call__(self, images: Sequence[Image]) -> NDArray[np.float32]:
        return np.stack([WHOLE, MIRRORED, *[self.part] * (len(images) - 2)])


@pytest.mark.parametrize("cosine", [-1.0, 0.0, 0.59])
def test_whose_parts_look_unlike_it_is_described_by_the_whole(cosine: float) -> None:
    vector = embed_multi_crop(flat(), embedding_parts_as(cosine), LIKENESS)
    assert vector == pytest.approx(WHOLE)


def test_whose_parts_look_like_it_is_described_by_them_and_mirrored_too() -> None:
    embed = embedding_parts_as(0.9)
    vector = embed_multi_crop(flat(), embed, LIKENESS)
    assert vector.dtype == np.float32
    assert np.linalg.norm(vector) == pytest.approx(1)
    assert vector @ embed.part > WHOLE @ embed.part
    assert vector @ MIRRORED > 0.1


def test_the_more_alike_the_parts_the_more_they_say() -> None:
    mirrored = [
        embed_multi_crop(flat(), embedding_parts_as(cosine), LIKENESS) @ MIRRORED
        for cosine in (0.61, 0.7, 0.8, 0.95)
    ]
    assert mirrored[0] < 0.05
    assert mirrored == sorted(mirrored)


def test_parts_reach_all_corners() -> None:
    image = flat(600, 300, 0)
    image[:20, :20], image[:20, -20:], image[-20:, :20], image[-20:, -20:] = 50, 100, 150, 200
    mirrored, *parts = cut_crops(image)
    assert mirrored.shape == (160, 320, 3)
    assert mirrored[0, 0, 0] == 100
    assert [int(part.max()) for part in parts] == [50, 100, 0, 150, 200]
    assert {part.shape for part in parts} == {(96, 192, 3)}


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (2, 3)])
def test_the_smallest_picture_has_parts(shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 90, np.uint8)
    vector = embed_multi_crop(image, ColourEmbedder().embed, LIKENESS)
    assert np.linalg.norm(vector) == pytest.approx(1)


def test_a_pile_is_found_again_by_another_part_of_it_the_other_way_round() -> None:
    enrolled, later = pile(1), np.ascontiguousarray(pile(2)[60:200, 220:80:-1])
    embedder = ColourEmbedder()
    query = embedder.embed([later])[0]
    plain = embedder.embed([enrolled])[0]
    multi_crop = embed_multi_crop(enrolled, embedder.embed, LIKENESS)
    assert 1 - multi_crop @ query < 0.8 * (1 - plain @ query)
