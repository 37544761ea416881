"""Words and codes by which local descriptors are quantised."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class KeypointCodebook:
    """Words of local descriptors in a tree, and what of a descriptor its word leaves over.

    A tree of words: Nister and Stewenius, "Scalable recognition with a vocabulary tree", 2006.
    Signs of what is left over, along turned axes: Jegou, Douze and Schmid, "Hamming embedding and
    weak geometric consistency", 2008.

    Attributes:
        codebook_id: changes with any of the numbers.
        turn: (D, D) float32 rotation, after which all axes are worth the same; D is 64.
        branches: (A, D) float32, centres of the tree's branches, turned.
        words: (A, B, D) float32, centres of each branch's words, turned; word `a * B + b`.
        levels: (3,) float32, positive: where a coordinate that is left over counts as great, and
            what small and great ones measure on average.
    """

    codebook_id: str
    turn: NDArray[np.float32]
    branches: NDArray[np.float32]
    words: NDArray[np.float32]
    levels: NDArray[np.float32]

    @property
    def word_count(self) -> int:
        """Words of all branches together."""
        return int(self.words.shape[0] * self.words.shape[1])

    @cached_property
    def branch_halves(self) -> NDArray[np.float32]:
        """(A,) half the square of each branch's length."""
        return np.asarray(np.square(self.branches).sum(axis=1) / 2, np.float32)

    @cached_property
    def word_halves(self) -> NDArray[np.float32]:
        """(A, B) half the square of each word's length."""
        return np.asarray(np.square(self.words).sum(axis=2) / 2, np.float32)

    @cached_property
    def scoring(self) -> NDArray[np.float32]:
        """(A, D + 1, B): a descriptor and a 1, times these, is greatest for the nearest word."""
        stacked = np.concatenate((self.words, -self.word_halves[..., None]), axis=2)
        return np.ascontiguousarray(stacked.transpose(0, 2, 1))

    @property
    def flat_words(self) -> NDArray[np.float32]:
        """(A * B, D), by word."""
        return self.words.reshape(self.word_count, -1)
