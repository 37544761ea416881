"""Parts of one embedding: their shares, and their order."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.retrieval.companions import join_parts, stand_together


class FixedCompanion:
    """Sees the same in every picture."""

    def __init__(self, part: str, weight: float) -> None:
        self.part = part
        self.weight = weight
        self.dimension = 2

    def vectors(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.tile(np.array([0, 1], np.float32), (len(images), 1))


PICTURES = [np.zeros((4, 4, 3), np.uint8)] * 3
NETWORK = np.tile(np.array([1, 0, 0], np.float32), (3, 1))


def test_a_network_alone_is_left_as_it_is() -> None:
    assert stand_together(NETWORK, [], PICTURES) is NETWORK
    assert join_parts([]) == ""


def test_squared_lengths_are_shared_by_weight_in_the_order_of_the_parts() -> None:
    parts = [FixedCompanion("colours-a", 1.0), FixedCompanion("features-b-200", 2.0)]
    vectors = stand_together(NETWORK, parts, PICTURES)
    assert vectors.shape == (3, 7)
    assert vectors.dtype == np.float32
    expected = [0.25, 0, 0, 0, 0.25, 0, 0.5]
    np.testing.assert_allclose(vectors**2, np.tile(expected, (3, 1)), atol=1e-6)
    assert join_parts(parts) == "-colours-a-features-b-200"
