"""Vectors of made products."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.search.vector_index import ImageReference

DIMENSION: Final = 64


Vectors = NDArray[np.float32]


def unit(vectors: NDArray[np.floating]) -> Vectors:
    lengths: NDArray[np.floating] = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / lengths, np.float32)


def shop(products: int, images: int = 1, seed: int = 0) -> tuple[list[ImageReference], Vectors]:
    """Products whose pictures resemble each other more than those of others."""
    generator = np.random.default_rng(seed)
    looks = np.repeat(unit(generator.standard_normal((products, DIMENSION))), images, axis=0)
    noise = unit(generator.standard_normal((products * images, DIMENSION)))
    references = [
        ImageReference(f"p{product}", f"p{product}-{image}")
        for product in range(products)
        for image in range(images)
    ]
    return references, unit(looks + 0.5 * noise)


def seen(vectors: Vectors, cosine: float, seed: int = 1) -> Vectors:
    """Other views of the same things at a given similarity."""
    noise = np.random.default_rng(seed).standard_normal(vectors.shape)
    noise -= (noise * vectors).sum(axis=1, keepdims=True) * vectors
    return np.asarray(cosine * vectors + np.sqrt(1 - cosine**2) * unit(noise), np.float32)
