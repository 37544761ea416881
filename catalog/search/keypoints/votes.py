"""Votes of a query's keypoints for reference images.

Local naive Bayes nearest neighbour (McCann and Lowe, 2012): a keypoint votes for the images to
which it is nearer than to the rest, by how much nearer it is. The rest is counted in products: many
pictures of one product are one neighbour, and the same shelf in everybody's picture is none.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

# A vote is the lead over the product of this rank, 0 being the nearest; a query shows few products
# at once, and near-twins share most of their print.
BACKGROUND_RANK: Final = 8
# A query's strongest keypoints, which vote; what the weaker ones add is noise
# (`skulens bench votes`).
VOTERS: Final = 500


@dataclass(frozen=True, slots=True)
class ImageVote:
    """A product that keypoints voted for.

    Attributes:
        product_id: which.
        image_id: its reference image with the most votes.
        votes: of that image, a sum of differences of cosines; greater than 0.
    """

    product_id: str
    image_id: str
    votes: float


@dataclass(frozen=True, slots=True, eq=False)
class NearKeypoints:
    """The nearest keypoints of a catalog for each of V voters, nearest first.

    Attributes:
        cosines: (V, K) float32, descending in each row.
        images: (V, K) int64, numbers of the images that they are of; -1 where there is none.
    """

    cosines: NDArray[np.float32]
    images: NDArray[np.int64]

    @classmethod
    def nothing(cls, voters: int) -> "NearKeypoints":
        """Return no neighbour for each voter."""
        return cls(np.zeros((voters, 0), np.float32), np.zeros((voters, 0), np.int64))

    def products(self, products: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (V,) how many products each voter's neighbours are of."""
        owners = np.where(self.images >= 0, products[self.images], -1)
        return np.asarray((_first_of_each(owners) & (owners >= 0)).sum(axis=1), np.int64)

    def shifted(self, first: int) -> "NearKeypoints":
        """Return the same with image numbers that begin at `first`."""
        return NearKeypoints(self.cosines, np.where(self.images >= 0, self.images + first, -1))

    def replaced(self, rows: NDArray[np.intp], other: "NearKeypoints") -> "NearKeypoints":
        """Return the same with other neighbours for some voters."""
        width = max(self.images.shape[1], other.images.shape[1])
        cosines = np.full((len(self.images), width), -2, np.float32)
        images = np.full((len(self.images), width), -1, np.int64)
        cosines[:, : self.images.shape[1]] = self.cosines
        images[:, : self.images.shape[1]] = self.images
        cosines[rows], images[rows] = -2, -1
        cosines[rows, : other.images.shape[1]] = other.cosines
        images[rows, : other.images.shape[1]] = other.images
        return NearKeypoints(cosines, images)

    def without(self, removed: NDArray[np.bool_]) -> "NearKeypoints":
        """Return the neighbours that are not of images marked in (I,) `removed`."""
        gone = (self.images >= 0) & removed[self.images] if len(removed) else self.images < 0
        return self if not gone.any() else _sorted(self.cosines, np.where(gone, -1, self.images))

    def joined(self, other: "NearKeypoints") -> "NearKeypoints":
        """Return the neighbours of both for each voter."""
        if not self.images.shape[1]:
            return other
        if not other.images.shape[1]:
            return self
        return _sorted(
            np.concatenate((self.cosines, other.cosines), axis=1),
            np.concatenate((self.images, other.images), axis=1),
        )


def count_votes(near: NearKeypoints, products: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the votes of each image.

    Args:
        near: neighbours of the voters.
        products: (I,) numbers of the products whose images they are.

    Returns:
        (I,), at least 0. An image counts once for each voter, by its nearest keypoint.
    """
    if not near.images.size:
        return np.zeros(len(products))
    there = near.images >= 0
    owners = np.where(there, products[near.images], -1)
    lead = near.cosines - _background(near.cosines, _first_of_each(owners) & there, there)[:, None]
    counted = _first_of_each(near.images) & there & (lead > 0)
    votes = np.bincount(near.images[counted], lead[counted], minlength=len(products))
    return np.asarray(votes, np.float64)


def _background(
    cosines: NDArray[np.float32], first: NDArray[np.bool_], there: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(V,) cosine of the product of the background's rank.

    Where a voter finds fewer products, it is the farthest product's or, where all that is found is
    of too few products because one has so many pictures, what is usual for this query.
    """
    rows = np.arange(len(cosines))
    ranks = np.cumsum(first, axis=1)
    complete = ranks[:, -1] > BACKGROUND_RANK
    farthest = np.where(there, cosines, np.inf).min(axis=1)
    farthest = np.where(np.isfinite(farthest), farthest, 0.0)
    at_rank = cosines[rows, np.argmax(ranks > BACKGROUND_RANK, axis=1)]
    if not complete.any():
        return np.asarray(farthest, np.float32)
    usual = np.minimum(farthest, np.median(at_rank[complete]))
    return np.asarray(np.where(complete, at_rank, usual), np.float32)


def _first_of_each(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(V, K): whether a number is there for the first time in its row."""
    order = np.argsort(numbers, axis=1, kind="stable")
    ordered = np.take_along_axis(numbers, order, axis=1)
    fresh = np.ones(ordered.shape, np.bool_)
    fresh[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.empty_like(fresh)
    np.put_along_axis(first, order, fresh, axis=1)
    return first


def _sorted(cosines: NDArray[np.float32], images: NDArray[np.int64]) -> NearKeypoints:
    ranked = np.where(images >= 0, cosines, np.float32(-2))
    order = np.argsort(-ranked, axis=1, kind="stable")
    return NearKeypoints(
        np.take_along_axis(ranked, order, axis=1), np.take_along_axis(images, order, axis=1)
    )
