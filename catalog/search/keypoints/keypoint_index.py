"""Keypoints of all reference images: an immutable base, a small delta, tombstones.

A change makes a new index that shares the base of the old one, which may be mapped from a file. New
images go to the delta, removed ones are only marked. When the delta has grown, `merged` makes a new
base.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.codebook import KeypointCodebook
from catalog.errors import Invalid
from catalog.records.product import image_id_of
from catalog.search.keypoints.coding import CodedKeypoints, encode_images
from catalog.search.keypoints.inverted_file import NEIGHBOURS, InvertedFile
from catalog.search.keypoints.votes import (
    BACKGROUND_RANK,
    VOTERS,
    ImageVote,
    NearKeypoints,
    count_votes,
)
from catalog.search.vector_index import ImageReference

# Loose images, those in the delta and those removed from the base, are merged when they are more
# than 256 and more than a tenth of the base.
_SMALLEST_DELTA: Final = 256
_DELTA_SHARE: Final = 0.1
# Neighbours of a voter that finds too few products at first: one has very many pictures.
_DEEP: Final = 16 * NEIGHBOURS

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class KeypointBlock:
    """Images and their keypoints.

    Attributes:
        references: I of them, all different; the file has their numbers.
        alive: (I,) bool; False marks a removed image.
        file: of their keypoints.
    """

    references: tuple[ImageReference, ...]
    alive: NDArray[np.bool_]
    file: InvertedFile

    @classmethod
    def of(
        cls,
        references: Sequence[ImageReference],
        coded: Sequence[CodedKeypoints],
        codebook: KeypointCodebook,
    ) -> "KeypointBlock":
        """Return a block of live images."""
        sizes = [len(image) for image in coded]
        images = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        file = InvertedFile.of(_joined_codes(coded), images, codebook)
        return cls(tuple(references), np.ones(len(references), np.bool_), file)

    def without(self, removed: Collection[ImageReference]) -> "KeypointBlock":
        """Return the block with some images marked as removed; it shares the file."""
        gone = [row for row, reference in enumerate(self.references) if reference in removed]
        if not gone:
            return self
        alive = self.alive.copy()
        alive[gone] = False
        return KeypointBlock(self.references, alive, self.file)

    def live(self) -> list[ImageReference]:
        """Return the images that are not removed."""
        return [self.references[row] for row in np.flatnonzero(self.alive)]


class KeypointIndex:
    """Immutable; every change makes another."""

    def __init__(
        self, codebook: KeypointCodebook, base: KeypointBlock, delta: KeypointBlock
    ) -> None:
        self._codebook = codebook
        self._base = base
        self._delta = delta

    @classmethod
    def empty(cls, codebook: KeypointCodebook) -> "KeypointIndex":
        """Return the index of no image."""
        return cls.over(codebook, KeypointBlock.of((), (), codebook))

    @classmethod
    def over(cls, codebook: KeypointCodebook, base: KeypointBlock) -> "KeypointIndex":
        """Return the index of the images of a base."""
        return cls(codebook, base, KeypointBlock.of((), (), codebook))

    def __len__(self) -> int:
        return int(self._base.alive.sum() + self._delta.alive.sum())

    @property
    def base(self) -> KeypointBlock:
        """The part that is worth keeping in a file."""
        return self._base

    @property
    def needs_merge(self) -> bool:
        """Whether the delta or the removed part has grown."""
        loose = len(self._delta.references) + int((~self._base.alive).sum())
        return loose > max(_SMALLEST_DELTA, _DELTA_SHARE * len(self._base.references))

    def references(self) -> list[ImageReference]:
        """Return all images that can be voted for."""
        return [*self._base.live(), *self._delta.live()]

    def with_changes(
        self,
        removed: Collection[ImageReference],
        added: Sequence[ImageReference],
        descriptors: Iterable[Rows],
    ) -> "KeypointIndex":
        """Return the index without some images and with others.

        Args:
            removed: images that go.
            added: images that come.
            descriptors: (N, 64) unit descriptors of each that comes.
        """
        coded = encode_images(descriptors, self._codebook)
        fresh = KeypointBlock.of(added, coded, self._codebook)
        if not self._base.references and not self._delta.references:
            return KeypointIndex.over(self._codebook, fresh)
        delta = join_blocks((self._delta.without(removed), fresh))
        return KeypointIndex(self._codebook, self._base.without(removed), delta)

    def merged(self) -> "KeypointIndex":
        """Return an index with all images in the base; some 50 nanoseconds for each keypoint."""
        return KeypointIndex.over(self._codebook, join_blocks((self._base, self._delta)))

    def rebased(self, newer: "KeypointIndex") -> "KeypointIndex":
        """Return an index that finds what `newer` finds, on the base of this one."""
        mine, theirs = set(self.references()), set(newer.references())
        blocks = (newer._base.without(mine), newer._delta.without(mine))
        return KeypointIndex(self._codebook, self._base.without(mine - theirs), join_blocks(blocks))

    def votes(
        self, descriptors: Rows, size: int, without: Collection[str] = ()
    ) -> tuple[ImageVote, ...]:
        """Return the products that the most keypoints vote for, best first, at most `size`.

        Args:
            descriptors: (V, 64) float32 unit descriptors of a query, strongest first; the
                strongest 500 vote.
            size: products at most; a product appears once, with its best image.
            without: ids of images that are left out, as if they were not there.

        Raises:
            Invalid: the descriptors are of another length, or not finite.
        """
        if size <= 0 or len(self) == 0 or len(descriptors) == 0:
            return ()
        voters = self._checked(descriptors[:VOTERS])
        hidden = self._hidden(frozenset(without))
        near = self._near(voters @ self._codebook.turn, hidden)
        votes = count_votes(near, self._products)
        return self._best(votes, size)

    def _near(self, turned: Rows, hidden: NDArray[np.bool_]) -> NearKeypoints:
        near = self._nearest(turned, NEIGHBOURS, hidden)
        if self._most_images <= 1:  # no product can crowd out the others
            return near
        ranked = near.images >= 0
        full = ranked.sum(axis=1) >= NEIGHBOURS
        short = np.flatnonzero(full & (near.products(self._products) <= BACKGROUND_RANK))
        if not len(short):
            return near
        return near.replaced(short, self._nearest(turned[short], _DEEP, hidden))

    def _nearest(self, turned: Rows, count: int, hidden: NDArray[np.bool_]) -> NearKeypoints:
        base = self._base.file.nearest(turned, self._codebook, count)
        delta = self._delta.file.nearest(turned, self._codebook, count)
        return base.joined(delta.shifted(len(self._base.references))).without(hidden)

    def _hidden(self, without: frozenset[str]) -> NDArray[np.bool_]:
        hidden = ~np.concatenate((self._base.alive, self._delta.alive))
        if without:
            references = (*self._base.references, *self._delta.references)
            pictures = (image_id_of(reference.image_id) for reference in references)
            hidden |= np.array([picture in without for picture in pictures])
        return hidden

    @cached_property
    def _products(self) -> NDArray[np.int64]:
        numbers: dict[str, int] = {}
        references = (*self._base.references, *self._delta.references)
        return np.fromiter(
            (numbers.setdefault(reference.product_id, len(numbers)) for reference in references),
            np.int64,
            len(references),
        )

    @cached_property
    def _most_images(self) -> int:
        return int(np.bincount(self._products, minlength=1).max())

    def _best(self, votes: NDArray[np.float64], size: int) -> tuple[ImageVote, ...]:
        references = (*self._base.references, *self._delta.references)
        found: dict[str, ImageVote] = {}
        there = np.flatnonzero(votes > 0)
        for row in there[np.argsort(-votes[there], kind="stable")]:
            if len(found) == size:
                break
            reference = references[row]
            found.setdefault(
                reference.product_id,
                ImageVote(reference.product_id, image_id_of(reference.image_id), float(votes[row])),
            )
        return tuple(found.values())

    def _checked(self, descriptors: Rows) -> Rows:
        length = len(self._codebook.turn)
        if descriptors.shape[1:] != (length,) or not np.isfinite(descriptors).all():
            raise Invalid(
                f"descriptors of shape {descriptors.shape} do not compare with {length} finite "
                "numbers each; extract them with the front end that encoded the catalog"
            )
        return descriptors


def join_blocks(blocks: Sequence[KeypointBlock]) -> KeypointBlock:
    """Return one block with the live images of several blocks."""
    references = [reference for block in blocks for reference in block.live()]
    files, first = [], 0
    for block in blocks:
        count = int(block.alive.sum())
        numbers = np.full(len(block.alive), -1, np.int32)
        numbers[block.alive] = np.arange(first, first + count, dtype=np.int32)
        files.append(block.file.of_images(numbers))
        first += count
    return KeypointBlock(
        tuple(references), np.ones(len(references), np.bool_), InvertedFile.joined(files)
    )


def _joined_codes(coded: Sequence[CodedKeypoints]) -> CodedKeypoints:
    return CodedKeypoints(
        np.concatenate([np.zeros(0, np.int32), *(image.words for image in coded)]),
        np.concatenate([np.zeros(0, np.uint64), *(image.signs for image in coded)]),
        np.concatenate([np.zeros(0, np.uint64), *(image.sizes for image in coded)]),
    )
