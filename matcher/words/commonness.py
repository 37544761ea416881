"""How common a product's words are among the products that it is taken for.

A word that all flavours of a brand carry agrees with each of them, and so tells none from another.
That is the inverse document frequency of Spärck Jones ("A statistical interpretation of term
specificity", 1972), with products as documents; but not over the whole catalog, where a brand of
six packs among ten thousand is rare. What matters is who else could be in the picture: the products
on its shortlist, which are those of the catalog that look most alike.

Each of them counts as a near-twin by the share of the product's words that it carries, k, and the
share of near-twins with a word w is the mean of those that carry it:

    s(w) = (sum of k over those that carry w + u) / (sum of k over all + 1)

The last terms are one near-twin more, unseen, that carries u of the words, as measured on near-
twins: a catalog that lacks the twin knows nothing of what it shares.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from matcher.words.spelling import carried

USUAL_SHARE: Final = 0.62  # of near-twins that carry a word; `WordSettings` says where it is from


def shares_among(
    words: Sequence[str], others: Sequence[Sequence[str]], alike: float
) -> NDArray[np.float64]:
    """Return (W,) which share of the near-twins of a product carries each of its words, in (0, 1).

    Args:
        words: W of the product.
        others: of each other product that could be meant, the letters (`letters_of`) of each word
            on it.
        alike: likeness from which two readings are of one word.
    """
    if not words:
        return np.zeros(0)
    has = carried(words, others, alike).astype(np.float64)
    kinship = has.mean(axis=0)
    shares: NDArray[np.float64] = (has @ kinship + USUAL_SHARE) / (kinship.sum() + 1.0)
    return shares
