"""An inverted file: coded keypoints sorted by word, and the nearest ones of a query's voters.

Keypoints of the nearest words are ranked by the Hamming distance of what their words leave over
(Jegou, Douze and Schmid, 2008), and the best of these by their decoded cosine.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from catalog.encodings.codebook import KeypointCodebook
from catalog.search.keypoints.coding import (
    CodedKeypoints,
    nearest_words,
    project_left_over,
    sign_codes,
)
from catalog.search.keypoints.votes import NearKeypoints

NEIGHBOURS: Final = 32  # of each voter; four times as many as products in its background
_BRANCHES: Final = 4  # of the tree that are looked at
# Words that are looked at: as many as hold about so many keypoints, within these bounds.
_CANDIDATES: Final = 1_200
_LEAST_PROBES: Final = 8  # fewer lose neighbours that lie across a border
_MOST_PROBES: Final = 16  # more cost time and bring none of the products back
# Keypoints whose distances are in memory at once: what stays in a processor's cache.
_AT_ONCE: Final = 100_000
# A look is one of several things at work in a process; NumPy lets threads run beside each other.
_THREADS: Final = 2
_BITS: Final = 64
# An eighth of all pairs that have nothing in common differ in so many bits or fewer: among so many
# candidates of a voter they are still more than are asked for.
_UNRELATED_BITS: Final = 27
_MANY_EACH: Final = 1_000  # candidates of a voter, of which an eighth is enough
# More than any two cosines differ by, so that one sort ranks all voters' neighbours.
_APART: Final = 4.0

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class InvertedFile:
    """N keypoints of some images, sorted by word, 20 bytes each.

    Attributes:
        starts: (W + 1,) int64, where each word's keypoints begin.
        signs: (N,) uint64, see `CodedKeypoints`.
        sizes: (N,) uint64.
        images: (N,) int32, numbers of the images that they are of.
    """

    starts: NDArray[np.int64]
    signs: NDArray[np.uint64]
    sizes: NDArray[np.uint64]
    images: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def of(
        cls, coded: CodedKeypoints, images: NDArray[np.int32], codebook: KeypointCodebook
    ) -> "InvertedFile":
        """Sort coded keypoints that are of these (N,) images."""
        order = np.argsort(coded.words, kind="stable")
        counts = np.bincount(coded.words, minlength=codebook.word_count)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return cls(starts, coded.signs[order], coded.sizes[order], images[order])

    @classmethod
    def joined(cls, parts: "Sequence[InvertedFile]") -> "InvertedFile":
        """Return one file with the keypoints of several, of which there is at least one."""
        counts = np.sum([np.diff(part.starts) for part in parts], axis=0)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        words = [
            np.repeat(np.arange(len(counts), dtype=np.int32), np.diff(p.starts)) for p in parts
        ]
        order = np.argsort(np.concatenate(words), kind="stable")
        return cls(
            starts,
            np.concatenate([part.signs for part in parts])[order],
            np.concatenate([part.sizes for part in parts])[order],
            np.concatenate([part.images for part in parts])[order],
        )

    def of_images(self, numbers: NDArray[np.int32]) -> "InvertedFile":
        """Return the keypoints of images that stay, under new numbers; -1 for those that go."""
        images = numbers[self.images]
        kept = images >= 0
        words = np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))
        counts = np.bincount(words[kept], minlength=len(self.starts) - 1)
        starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        return InvertedFile(starts, self.signs[kept], self.sizes[kept], images[kept])

    def nearest(
        self, turned: Rows, codebook: KeypointCodebook, count: int = NEIGHBOURS
    ) -> NearKeypoints:
        """Return about the `count` nearest keypoints of each of (V, 64) turned unit descriptors."""
        if not len(self) or not len(turned):
            return NearKeypoints.nothing(len(turned))
        words = nearest_words(turned, codebook, _BRANCHES, self._probes())
        sizes = (self.starts[words + 1] - self.starts[words]).sum(axis=1)
        groups = np.cumsum(sizes) // _AT_ONCE
        cuts = np.flatnonzero(np.diff(groups, prepend=-1, append=-1))
        looks = [
            _Look(self, codebook, turned[start:end], words[start:end])
            for start, end in pairwise(cuts)
        ]
        if len(looks) == 1:
            return looks[0].nearest(count)
        with ThreadPoolExecutor(_THREADS) as pool:
            parts = list(pool.map(lambda look: look.nearest(count), looks))
        return NearKeypoints(
            np.concatenate([part.cosines for part in parts]),
            np.concatenate([part.images for part in parts]),
        )

    def _probes(self) -> int:
        # Words that a query falls into hold more than the average.
        crowded = 2.0 * len(self) / (len(self.starts) - 1)
        return int(np.clip(_CANDIDATES / crowded, _LEAST_PROBES, _MOST_PROBES))


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """Some voters of a query and the (V, P) words in which their neighbours are looked for."""

    file: InvertedFile
    codebook: KeypointCodebook
    turned: Rows
    words: NDArray[np.int64]

    def nearest(self, count: int) -> NearKeypoints:
        voters, probes = self.words.shape
        starts = self.file.starts[self.words].ravel()
        lengths = self.file.starts[self.words + 1].ravel() - starts
        left = self.turned[:, None] - self.codebook.flat_words[self.words]
        codes = sign_codes(left.reshape(voters * probes, -1))
        ends = starts + lengths
        found = np.concatenate(
            [self.file.signs[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        )
        distances = np.bitwise_count(found ^ np.repeat(codes, lengths))
        each = lengths.reshape(voters, probes).sum(axis=1)
        chosen = _least(distances, each, count)
        # From places among the candidates to rows of the file and their voters.
        offsets = np.cumsum(lengths) - lengths
        slot = np.searchsorted(offsets, chosen, side="right") - 1
        rows = starts[slot] + chosen - offsets[slot]
        cosines = self._cosines(rows, slot)
        return _by_voter(cosines, self.file.images[rows], slot // probes, voters, count)

    def _cosines(self, rows: NDArray[np.int64], slot: NDArray[np.int64]) -> Rows:
        cosines = np.einsum("vpd,vd->vp", self.codebook.flat_words[self.words], self.turned)
        words = self.words.ravel()[slot].astype(np.int32)
        coded = CodedKeypoints(words, self.file.signs[rows], self.file.sizes[rows])
        voter = slot // self.words.shape[1]
        left = project_left_over(self.turned, voter, coded, self.codebook)
        return np.asarray(np.clip(cosines.ravel()[slot] + left, -1, 1), np.float32)


def _least(distances: NDArray[np.uint8], each: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Places of at least the `count` least distances of each voter, who has `each` in a row."""
    if len(distances) >= _MANY_EACH * len(each):
        # What lies farther is unrelated; the rest is ranked in a fraction of the time.
        close = np.flatnonzero(distances <= _UNRELATED_BITS)
        ends = np.searchsorted(close, np.cumsum(each))
        return close[_ranked(distances[close], np.diff(ends, prepend=0), count, _UNRELATED_BITS)]
    return _ranked(distances, each, count, _BITS)


def _ranked(
    distances: NDArray[np.uint8], each: NDArray[np.int64], count: int, most: int
) -> NDArray[np.int64]:
    voter = np.repeat(np.arange(len(each)) * (most + 1), each)
    table = np.bincount(voter + distances, minlength=len(each) * (most + 1))
    reached = np.cumsum(table.reshape(len(each), most + 1), axis=1) >= count
    limit = np.where(reached[:, -1], reached.argmax(axis=1), most).astype(np.uint8)
    return np.flatnonzero(distances <= np.repeat(limit, each))


def _by_voter(
    cosines: Rows,
    images: NDArray[np.int32],
    voter: NDArray[np.int64],
    voters: int,
    count: int,
) -> NearKeypoints:
    """Put neighbours, ascending by voter, into rows: the `count` nearest first."""
    order = np.argsort(voter * _APART - cosines, kind="stable")
    sizes = np.bincount(voter, minlength=voters)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    order, rank = order[rank < count], rank[rank < count]
    table = NearKeypoints(
        np.full((voters, count), -2, np.float32), np.full((voters, count), -1, np.int64)
    )
    table.cosines[voter[order], rank] = cosines[order]
    table.images[voter[order], rank] = images[order]
    return table
