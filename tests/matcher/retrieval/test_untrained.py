"""The embedder that needs no training."""

import numpy as np

from matcher.retrieval.untrained import ColourEmbedder
from tests.matcher.prints import flat, printed


def test_pictures_of_one_product_embed_closer_than_of_two() -> None:
    vectors = ColourEmbedder().embed([printed(1), printed(1, 240, 320)[4:, 4:], printed(2)])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.02


def test_a_flat_and_a_tiny_picture_have_finite_embeddings() -> None:
    vectors = ColourEmbedder().embed([flat(), flat(1, 1, 0)])
    assert np.isfinite(vectors).all()


def test_no_pictures_no_embeddings() -> None:
    embedder = ColourEmbedder()
    assert embedder.embed([]).shape == (0, embedder.embed([flat()]).shape[1])
